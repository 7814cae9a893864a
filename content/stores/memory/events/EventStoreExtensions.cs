using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;

namespace Acme._1.EventStore;

public static class EventStoreExtensions
{
    /// <summary>Adds the event store, in memory, and what sends its events.</summary>
    public static void AddEventStore(this IHostApplicationBuilder builder)
    {
        builder.AddEventReader();
        builder.Services.AddSingleton<IEventStore>(provider => provider.GetRequiredService<MemoryEventStore>());
        builder.Services.AddHostedService<MemoryEventDispatcher>();
    }

    /// <summary>Adds what reads events, for those who store none.</summary>
    public static void AddEventReader(this IHostApplicationBuilder builder)
    {
        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.Services.TryAddSingleton<MemoryEventStore>();
        builder.Services.TryAddSingleton<IEventReader>(provider => provider.GetRequiredService<MemoryEventStore>());
    }
}
