using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Acme._1.EventStore;

public static class EventStoreExtensions
{
    /// <summary>Adds the event store, over the connection of the messages.</summary>
    public static void AddEventStore(this IHostApplicationBuilder builder)
    {
        builder.AddEventReader();
        builder.Services.AddSingleton<IEventStore>(provider => provider.GetRequiredService<RedisEventStore>());
    }

    /// <summary>Adds what reads events, for those who append none.</summary>
    public static void AddEventReader(this IHostApplicationBuilder builder)
    {
        builder.Services.AddSingleton<EventAppender>();
        builder.Services.AddSingleton<RedisEventStore>();
        builder.Services.AddSingleton<IEventReader>(provider => provider.GetRequiredService<RedisEventStore>());
    }
}
