using System.Security.Cryptography;
using System.Text;
using Acme._1.Messaging;
using Microsoft.Extensions.DependencyInjection.Extensions;
using NATS.Client.KeyValueStore;

namespace Acme._1.Consumer.Stores;

internal static class NatsBucketExtensions
{
    /// <summary>Adds a store with these buckets, over the connection of the messages.</summary>
    public static void AddNatsBuckets(this IHostApplicationBuilder builder, params NatsKVConfig[] buckets)
    {
        builder.AddMessaging();

        var services = builder.Services;
        services.TryAddSingleton(TimeProvider.System);
        foreach (var bucket in buckets)
        {
            services.AddSingleton(bucket);
        }

        services.AddSingleton<NatsBuckets>();
        services.AddHealthChecks().AddCheck<NatsBuckets>("store", tags: ["ready"]);
    }

    /// <summary>An id as a key: ids come from outside, and few characters are allowed in a key.</summary>
    public static string ToKey(this string id) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(id)));
}
