using Acme._1.Consumer.Stores;

namespace Acme._1.Consumer;

public static class StoreExtensions
{
    /// <summary>Adds the store: sagas and the participants' records, with inbox and outbox, in memory.</summary>
    public static void AddStore(this IHostApplicationBuilder builder)
    {
        builder.AddMemoryStepRecords();
        builder.Services.AddSingleton<MemorySagas>();
        builder.Services.AddScoped<ISagaStore, MemorySagaStore>();
    }
}
