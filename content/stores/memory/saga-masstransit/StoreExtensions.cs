using Acme._1.Consumer.Stores;

namespace Acme._1.Consumer;

public static class StoreExtensions
{
    /// <summary>Adds the store: the participants' records, with inbox and outbox, in memory. The sagas are in MassTransit's in-memory repository.</summary>
    public static void AddStore(this IHostApplicationBuilder builder)
    {
        builder.AddMemoryStepRecords();
        builder.Services.AddScoped<ISagaReader, MemorySagaReader>();
        builder.Services.AddScoped<ISagaTimeouts, MemorySagaTimeouts>();
    }
}
