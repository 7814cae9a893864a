using Acme._1.Consumer.Stores;

namespace Acme._1.Consumer;

public static class StoreExtensions
{
    /// <summary>Adds the store: inbox, outbox and orders, in NATS's key-value store.</summary>
    public static void AddStore(this IHostApplicationBuilder builder)
    {
        builder.AddNatsInboxAndOutbox(effectsBucket: "acme-1-orders");
        builder.Services.AddScoped<IOrderStore, NatsOrderStore>();
    }
}
