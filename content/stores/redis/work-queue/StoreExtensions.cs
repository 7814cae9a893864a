using Acme._1.Consumer.Stores;

namespace Acme._1.Consumer;

public static class StoreExtensions
{
    /// <summary>Adds the store: inbox, outbox and orders, in Redis.</summary>
    public static void AddStore(this IHostApplicationBuilder builder)
    {
        builder.AddRedisStore();
        builder.AddRedisInboxAndOutbox();
        builder.Services.AddScoped<IOrderStore, RedisOrderStore>();
    }
}
