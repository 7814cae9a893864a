using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;

namespace Acme._1.EventStore;

public static class EventStoreExtensions
{
    /// <summary>Adds the event store, in PostgreSQL, and what sends its events.</summary>
    /// <exception cref="InvalidOperationException">The connection string is missing.</exception>
    public static void AddEventStore(this IHostApplicationBuilder builder)
    {
        builder.AddEventReader();
        builder.Services.AddSingleton<IEventStore>(provider => provider.GetRequiredService<PostgresEventStore>());
        builder.Services.AddHostedService<PostgresEventDispatcher>();
    }

    /// <summary>Adds what reads events, for those who store none.</summary>
    /// <exception cref="InvalidOperationException">The connection string is missing.</exception>
    public static void AddEventReader(this IHostApplicationBuilder builder)
    {
        builder.AddEventDatabase(PostgresEventStore.Schema);
        builder.Services.TryAddSingleton<UnpublishedEvents>();
        builder.Services.TryAddSingleton<PostgresEventStore>();
        builder.Services.TryAddSingleton<IEventReader>(provider => provider.GetRequiredService<PostgresEventStore>());
    }
}
