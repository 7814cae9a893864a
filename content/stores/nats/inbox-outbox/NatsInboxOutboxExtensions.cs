using Acme._1.Messaging;
using NATS.Client.KeyValueStore;

namespace Acme._1.Consumer.Stores;

internal static class NatsInboxOutboxExtensions
{
    /// <summary>Adds inbox and outbox, and a bucket for the effects.</summary>
    public static void AddNatsInboxAndOutbox(this IHostApplicationBuilder builder, string effectsBucket)
    {
        builder.AddNatsBuckets(NatsInbox.Bucket, new NatsKVConfig(effectsBucket));

        var services = builder.Services;
        services.AddSingleton(provider => new NatsEffects(provider.GetRequiredService<NatsBuckets>(), effectsBucket));
        services.AddSingleton<NatsInbox>();
        services.AddScoped<NatsTransaction>();
        services.AddScoped<IInbox>(provider => provider.GetRequiredService<NatsTransaction>());
        services.AddScoped<IOutbox>(provider => provider.GetRequiredService<NatsTransaction>());
    }
}
