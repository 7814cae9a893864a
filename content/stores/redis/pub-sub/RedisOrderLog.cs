namespace Acme._1.Consumer.Stores;

/// <summary>A hash for each subscriber and order, with the fields <c>effects</c> and <c>attempts</c>.</summary>
internal sealed class RedisOrderLog(RedisStore store, RedisTransaction transaction) : IOrderLog
{
    public async Task<OrderStatus?> FindAsync(string subscriber, string orderId, CancellationToken cancellationToken)
    {
        var order = await store.RunAsync(database => database.HashGetAsync(KeyOf(subscriber, orderId), ["effects", "attempts"]), cancellationToken);
        return order[0].IsNull ? null : new(orderId, "processed", (int)order[0], (int)order[1]);
    }

    public Task AddEffectAsync(string subscriber, string orderId, int attempt, CancellationToken cancellationToken)
    {
        transaction.OnCommit("HINCRBY", KeyOf(subscriber, orderId), "effects", 1);
        transaction.OnCommit("HSET", KeyOf(subscriber, orderId), "attempts", attempt);
        return Task.CompletedTask;
    }

    private static string KeyOf(string subscriber, string orderId) => RedisStore.Key($"log:{subscriber}:{orderId}");
}
