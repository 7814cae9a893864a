using Acme._1.Consumer.Stores;

namespace Acme._1.Consumer;

public static class StoreExtensions
{
    /// <summary>Adds the store: inbox, outbox and balances, in NATS's key-value store.</summary>
    public static void AddStore(this IHostApplicationBuilder builder)
    {
        builder.AddNatsInboxAndOutbox(NatsBalanceStore.Bucket);
        builder.Services.AddSingleton<IBalanceStore, NatsBalanceStore>();
    }
}
