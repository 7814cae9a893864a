using Acme._1.Messaging;

namespace Acme._1.Consumer.Stores;

internal static class PostgresInboxOutboxExtensions
{
    public static void AddPostgresInboxAndOutbox(this IHostApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddSingleton<OutboxSignal>();
        services.AddScoped<PostgresTransaction>();
        services.AddScoped<IInbox>(provider => provider.GetRequiredService<PostgresTransaction>());
        services.AddScoped<IOutbox>(provider => provider.GetRequiredService<PostgresTransaction>());
        services.AddHostedService<PostgresOutboxDispatcher>();
        services.AddHostedService<PostgresInboxCleanup>();
    }
}
