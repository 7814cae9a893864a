using Acme._1.Messaging.Redis;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Acme._1.Messaging;

internal static class RedisMessaging
{
    public static void AddTransport(this IHostApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddOptions<RedisOptions>().BindConfiguration(RedisOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton<RedisConnection>();
        services.AddSingleton<IRedisConnection>(provider => provider.GetRequiredService<RedisConnection>());
        services.AddSingleton<ITransport, RedisTransport>();
        services.AddSingleton<RedisReceiver>();
        services.AddSingleton<IDeadLetterQueue, RedisDeadLetterQueue>();

        // Hosted services stop in reverse order: the receiver drains while there still is a connection.
        services.AddHostedService(provider => provider.GetRequiredService<RedisConnection>());
        services.AddHostedService(provider => provider.GetRequiredService<RedisReceiver>());

        services.AddHealthChecks().AddCheck<RedisHealthCheck>("broker", tags: ["ready"]);
    }
}
