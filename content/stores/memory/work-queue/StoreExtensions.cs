using Acme._1.Consumer.Stores;

namespace Acme._1.Consumer;

public static class StoreExtensions
{
    /// <summary>Adds the store: inbox, outbox and orders, in memory.</summary>
    public static void AddStore(this IHostApplicationBuilder builder)
    {
        builder.AddMemoryInboxAndOutbox();
        builder.Services.AddSingleton<MemoryOrders>();
        builder.Services.AddScoped<IOrderStore, MemoryOrderStore>();
    }
}
