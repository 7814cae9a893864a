using Acme._1.Consumer.Stores;
using Acme._1.Messaging;

namespace Acme._1.Consumer;

public static class StoreExtensions
{
    /// <summary>Adds the store: inbox, outbox and balances, in NATS's key-value store.</summary>
    public static void AddStore(this IHostApplicationBuilder builder)
    {
        builder.AddNatsInboxAndOutbox(NatsBalanceStore.Bucket);

        var services = builder.Services;
        services.AddSingleton<NatsBalanceGenerations>();
        services.AddScoped<NatsBalanceTransaction>();
        services.AddScoped<IInbox>(provider => provider.GetRequiredService<NatsBalanceTransaction>());
        services.AddScoped<IBalanceStore, NatsBalanceStore>();
    }
}
