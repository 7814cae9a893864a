using Acme._1.Consumer.Stores;

namespace Acme._1.Consumer;

public static class StoreExtensions
{
    /// <summary>Adds the store: inbox, outbox and what subscribers have done, in memory.</summary>
    public static void AddStore(this IHostApplicationBuilder builder)
    {
        builder.AddMemoryInboxAndOutbox();
        builder.Services.AddSingleton<MemoryOrderLogEntries>();
        builder.Services.AddScoped<IOrderLog, MemoryOrderLog>();
    }
}
