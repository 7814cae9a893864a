using System.Text.Json;
using StackExchange.Redis;

namespace Acme._1.Consumer.Stores;

/// <summary>A document for each saga. Those that wait are also in two sorted sets, by their time, so that nobody has to look at all of them.</summary>
internal sealed class RedisSagaStore(RedisStore store, RedisTransaction transaction, TimeProvider clock) : ISagaStore
{
    /// <summary>The orders whose saga waits for an answer, by the time in milliseconds at which it has waited too long.</summary>
    private static readonly string Due = RedisStore.Key("sagas.due");

    /// <summary>The orders whose saga waits for a person, by the time in milliseconds since when.</summary>
    private static readonly string Parked = RedisStore.Key("sagas.parked");

    /// <summary>Takes sagas that are due, and makes them due again later: several instances share the work.</summary>
    /// <remarks>KEYS: due. ARGV: now in ms, how many at most, when they are due again in ms.</remarks>
    private const string Claim = """
        local orders = redis.call('ZRANGE', KEYS[1], '-inf', ARGV[1], 'BYSCORE', 'LIMIT', 0, ARGV[2])
        for _, order in ipairs(orders) do
          redis.call('ZADD', KEYS[1], ARGV[3], order)
        end
        return orders
        """;

    /// <summary>Those that are due at the one time are due at the other. What has gone on since has another time, or none.</summary>
    /// <remarks>KEYS: due. ARGV: the one time in ms, the other in ms, the orders.</remarks>
    private const string Postpone = """
        for index = 3, #ARGV do
          if redis.call('ZSCORE', KEYS[1], ARGV[index]) == ARGV[1] then
            redis.call('ZADD', KEYS[1], ARGV[2], ARGV[index])
          end
        end
        """;

    public async Task<OrderSagaState?> FindAsync(string orderId, CancellationToken cancellationToken) =>
        Read(await store.RunAsync(database => database.FindAsync(KeyOf(orderId)), cancellationToken));

    public async Task<OrderSagaState?> LoadAsync(string orderId, CancellationToken cancellationToken) =>
        Read(await transaction.LoadAsync(store, KeyOf(orderId), cancellationToken));

    public Task SaveAsync(OrderSagaState state, CancellationToken cancellationToken)
    {
        transaction.Save(KeyOf(state.OrderId), JsonSerializer.SerializeToUtf8Bytes(state, SagaJsonContext.Default.OrderSagaState));
        Index(Due, state.OrderId, state.DueAt);
        Index(Parked, state.OrderId, state.ParkedAt);
        return Task.CompletedTask;
    }

    public async Task<IReadOnlyList<OrderSagaState>> ClaimDueAsync(int take, DateTimeOffset until, CancellationToken cancellationToken)
    {
        // The time of this process, not that of Redis: the sagas' times are of this service too.
        var now = clock.GetUtcNow();
        var orders = await store.RunAsync(
            database => database.ScriptEvaluateAsync(
                Claim, [Due], [now.ToUnixTimeMilliseconds(), take, until.ToUnixTimeMilliseconds()]),
            cancellationToken);
        var sagas = await FindAsync((RedisValue[])orders!, cancellationToken);

        // One that has gone on meanwhile is not late any more.
        return [.. sagas.Where(saga => saga.DueAt <= now)];
    }

    public async Task PostponeAsync(
        IReadOnlyCollection<string> orderIds, DateTimeOffset claimedUntil, DateTimeOffset until, CancellationToken cancellationToken) =>
        await store.RunAsync(
            database => database.ScriptEvaluateAsync(
                Postpone,
                [Due],
                [claimedUntil.ToUnixTimeMilliseconds(), until.ToUnixTimeMilliseconds(), .. orderIds.Select(orderId => (RedisValue)orderId)]),
            cancellationToken);

    public async Task<IReadOnlyList<OrderSagaState>> ListParkedAsync(int take, CancellationToken cancellationToken)
    {
        var orders = await store.RunAsync(database => database.SortedSetRangeByRankAsync(Parked, 0, take - 1), cancellationToken);
        var sagas = await FindAsync(orders, cancellationToken);
        return [.. sagas.Where(saga => saga.ParkedAt is not null)];
    }

    private static string KeyOf(string orderId) => RedisStore.Key($"saga:{orderId}");

    private static OrderSagaState? Read(RedisValue json) =>
        json.IsNull ? null : JsonSerializer.Deserialize((byte[])json!, SagaJsonContext.Default.OrderSagaState);

    private async Task<IEnumerable<OrderSagaState>> FindAsync(RedisValue[] orders, CancellationToken cancellationToken)
    {
        var found = await store.RunAsync(
            database => Task.WhenAll(orders.Select(order => database.FindAsync(KeyOf(order!)))), cancellationToken);
        return found.Select(Read).OfType<OrderSagaState>();
    }

    private void Index(string key, string orderId, DateTimeOffset? at)
    {
        if (at is { } time)
        {
            transaction.OnCommit("ZADD", key, time.ToUnixTimeMilliseconds(), orderId);
        }
        else
        {
            transaction.OnCommit("ZREM", key, orderId);
        }
    }
}
