using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;

namespace Acme._1.EventStore;

public static class EventStoreExtensions
{
    /// <summary>Adds the event store: the topic of the events, written by one process at a time for each partition.</summary>
    public static void AddEventStore(this IHostApplicationBuilder builder)
    {
        builder.AddEventReader();
        builder.Services.AddSingleton<EventAppender>();
        builder.Services.AddSingleton<KafkaEventStore>();
        builder.Services.AddSingleton<IEventStore>(provider => provider.GetRequiredService<KafkaEventStore>());
    }

    /// <summary>Adds what reads events, for those who append none.</summary>
    public static void AddEventReader(this IHostApplicationBuilder builder)
    {
        builder.Services.TryAddSingleton<KafkaLogReader>();
        builder.Services.TryAddSingleton<KafkaEventReader>();
        builder.Services.TryAddSingleton<IEventReader>(provider => provider.GetRequiredService<KafkaEventReader>());
    }
}
