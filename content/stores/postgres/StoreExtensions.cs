using Acme._1.Consumer.Stores;
using Acme._1.Messaging;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Npgsql;

namespace Acme._1.Consumer;

public static class StoreExtensions
{
    /// <summary>Adds the store: inbox, outbox and orders, in PostgreSQL.</summary>
    /// <exception cref="InvalidOperationException">The connection string is missing.</exception>
    public static void AddStore(this IHostApplicationBuilder builder)
    {
        var connectionString = builder.Configuration.GetConnectionString("postgres");
        if (string.IsNullOrEmpty(connectionString))
        {
            throw new InvalidOperationException(
                "The connection string of PostgreSQL is missing. Set ConnectionStrings__postgres, "
                + "for example to Host=localhost;Username=orders;Password=orders;Database=orders");
        }

        var services = builder.Services;
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(provider =>
            new NpgsqlDataSourceBuilder(connectionString).UseLoggerFactory(provider.GetRequiredService<ILoggerFactory>()).Build());
        services.AddSingleton<PostgresDatabase>();
        services.AddSingleton<OutboxSignal>();
        services.AddScoped<PostgresTransaction>();
        services.AddScoped<IInbox>(provider => provider.GetRequiredService<PostgresTransaction>());
        services.AddScoped<IOutbox>(provider => provider.GetRequiredService<PostgresTransaction>());
        services.AddScoped<IOrderStore>(provider => provider.GetRequiredService<PostgresTransaction>());
        services.AddHostedService<PostgresOutboxDispatcher>();
        services.AddHostedService<PostgresInboxCleanup>();
        services.AddHealthChecks().AddCheck<PostgresDatabase>("store", tags: ["ready"]);
    }
}
