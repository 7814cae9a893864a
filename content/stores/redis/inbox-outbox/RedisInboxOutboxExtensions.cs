using Acme._1.Messaging;

namespace Acme._1.Consumer.Stores;

internal static class RedisInboxOutboxExtensions
{
    public static void AddRedisInboxAndOutbox(this IHostApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddSingleton<OutboxSignal>();
        services.AddScoped<RedisTransaction>();
        services.AddScoped<IInbox>(provider => provider.GetRequiredService<RedisTransaction>());
        services.AddScoped<IOutbox>(provider => provider.GetRequiredService<RedisTransaction>());
        services.AddHostedService<RedisOutboxDispatcher>();
    }
}
