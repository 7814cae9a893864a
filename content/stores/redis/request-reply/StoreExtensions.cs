using Acme._1.Consumer.Stores;

namespace Acme._1.Consumer;

public static class StoreExtensions
{
    /// <summary>Adds the store: the quotes that were given, in Redis.</summary>
    public static void AddStore(this IHostApplicationBuilder builder)
    {
        builder.AddRedisStore();
        builder.Services.AddSingleton<IQuoteStore, RedisQuoteStore>();
    }
}
