using Acme._1.Consumer.Stores;

namespace Acme._1.Consumer;

public static class StoreExtensions
{
    /// <summary>Adds the store: inbox, outbox and balances, in Redis.</summary>
    public static void AddStore(this IHostApplicationBuilder builder)
    {
        builder.AddRedisStore();
        builder.AddRedisInboxAndOutbox();
        builder.Services.AddScoped<IBalanceStore, RedisBalanceStore>();
    }
}
