using Acme._1.Consumer.Stores;

namespace Acme._1.Consumer;

public static class StoreExtensions
{
    /// <summary>Adds the store: sagas and the participants' records, with inbox and outbox, in Redis.</summary>
    public static void AddStore(this IHostApplicationBuilder builder)
    {
        builder.AddRedisStore();
        builder.AddRedisInboxAndOutbox();
        builder.Services.AddScoped<ISagaStore, RedisSagaStore>();
        builder.Services.AddScoped<IStepRecords, RedisStepRecords>();
    }
}
