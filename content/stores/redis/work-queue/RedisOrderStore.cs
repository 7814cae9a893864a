namespace Acme._1.Consumer.Stores;

/// <summary>A hash for each order, with the fields <c>effects</c> and <c>attempts</c>.</summary>
internal sealed class RedisOrderStore(RedisStore store, RedisTransaction transaction) : IOrderStore
{
    public async Task<OrderStatus?> FindAsync(string orderId, CancellationToken cancellationToken)
    {
        var order = await store.RunAsync(database => database.HashGetAsync(KeyOf(orderId), ["effects", "attempts"]), cancellationToken);
        return order[0].IsNull ? null : new(orderId, "processed", (int)order[0], (int)order[1]);
    }

    public Task AddEffectAsync(string orderId, int attempt, CancellationToken cancellationToken)
    {
        transaction.OnCommit("HINCRBY", KeyOf(orderId), "effects", 1);
        transaction.OnCommit("HSET", KeyOf(orderId), "attempts", attempt);
        return Task.CompletedTask;
    }

    private static string KeyOf(string orderId) => RedisStore.Key($"order:{orderId}");
}
