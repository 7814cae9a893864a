using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using StackExchange.Redis;

namespace Acme._1.Consumer.Stores;

/// <summary>
/// A sorted set for each generation, ordered by its members alone, which are <c>account:version:amount</c>. To write a row is
/// to add it and to remove those of this account that sort before it: two plain commands, and whoever comes late does no
/// harm, for what counts is the last one.
/// </summary>
internal sealed class RedisBalanceStore(RedisStore store, RedisTransaction transaction, TimeProvider clock) : IBalanceStore
{
    private const long FirstGeneration = 0;

    /// <summary>A hash: the generation that is served, and as JSON the rebuild of the next one, if there is one.</summary>
    private static readonly RedisKey State = RedisStore.Key("balances");

    private static readonly RedisValue Generation = "generation";
    private static readonly RedisValue Rebuild = "rebuild";

    /// <remarks>KEYS: state. ARGV: the generation that is served as the caller knows it, the first one, the rebuild.</remarks>
    private const string Start = """
        if (redis.call('HGET', KEYS[1], 'generation') or ARGV[2]) == ARGV[1] then
          redis.call('HSETNX', KEYS[1], 'rebuild', ARGV[3])
        end
        """;

    /// <remarks>KEYS: state, rows. ARGV: the rebuild before, and after, then for each row its member and the range of those before it.</remarks>
    private const string SaveProgress = """
        if redis.call('HGET', KEYS[1], 'rebuild') ~= ARGV[1] then
          return 0
        end
        for i = 3, #ARGV, 3 do
          redis.call('ZADD', KEYS[2], 0, ARGV[i])
          redis.call('ZREMRANGEBYLEX', KEYS[2], ARGV[i + 1], ARGV[i + 2])
        end
        redis.call('HSET', KEYS[1], 'rebuild', ARGV[2])
        return 1
        """;

    /// <remarks>KEYS: state, then the rows to delete. ARGV: the new generation, the one before, the first one.</remarks>
    private const string Finish = """
        local served = redis.call('HGET', KEYS[1], 'generation') or ARGV[3]
        if served ~= ARGV[2] or redis.call('HEXISTS', KEYS[1], 'rebuild') == 0 then
          return
        end
        redis.call('HSET', KEYS[1], 'generation', ARGV[1])
        redis.call('HDEL', KEYS[1], 'rebuild')
        redis.call('UNLINK', unpack(KEYS, 2))
        """;

    public async Task<Balance?> FindAsync(string accountId, CancellationToken cancellationToken)
    {
        var (generation, _) = await GetStateAsync(cancellationToken);
        while (true)
        {
            if (await FindAsync(generation, accountId, cancellationToken) is { } balance)
            {
                return balance;
            }

            var (served, _) = await GetStateAsync(cancellationToken);
            if (served == generation)
            {
                return null;
            }

            // A rebuild was finished in between, and the generation that we looked at deleted.
            generation = served;
        }
    }

    public async Task<Balance?> FindAsync(long generation, string accountId, CancellationToken cancellationToken)
    {
        var rows = await store.RunAsync(
            database => database.SortedSetRangeByValueAsync(
                RowsOf(generation), Before(accountId), After(accountId), order: Order.Descending, take: 1),
            cancellationToken);
        if (rows.Length == 0)
        {
            return null;
        }

        var parts = rows[0].ToString().Split(':');
        return new(accountId, decimal.Parse(parts[2], CultureInfo.InvariantCulture), long.Parse(parts[1], CultureInfo.InvariantCulture));
    }

    public async Task<IReadOnlyDictionary<string, Balance>> FindAsync(
        long generation, IReadOnlyCollection<string> accountIds, CancellationToken cancellationToken)
    {
        // They leave together: none waits for the answer to another.
        var found = await Task.WhenAll(accountIds.Select(id => FindAsync(generation, id, cancellationToken)));
        return found.OfType<Balance>().ToDictionary(balance => balance.Id);
    }

    public Task SetAsync(long generation, Balance balance, CancellationToken cancellationToken)
    {
        var row = new Row(balance);
        transaction.OnCommit("ZADD", RowsOf(generation), 0, row.Member);
        transaction.OnCommit("ZREMRANGEBYLEX", RowsOf(generation), row.From, row.To);
        return Task.CompletedTask;
    }

    public async Task<ProjectionState> GetStateAsync(CancellationToken cancellationToken)
    {
        var fields = await store.RunAsync(database => database.HashGetAsync(State, [Generation, Rebuild]), cancellationToken);
        return new(
            fields[0].IsNull ? FirstGeneration : (long)fields[0],
            fields[1].IsNull ? null : JsonSerializer.Deserialize((byte[])fields[1]!, RedisBalanceJson.Default.Rebuild));
    }

    public async Task<ProjectionState> StartRebuildAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var state = await GetStateAsync(cancellationToken);
            if (state.Rebuild is not null)
            {
                return state;
            }

            var rebuild = new Rebuild(state.Generation + 1, Position: null, Events: 0, clock.GetUtcNow());
            await store.RunAsync(
                database => database.ScriptEvaluateAsync(Start, [State], [state.Generation, FirstGeneration, Write(rebuild)]), cancellationToken);
        }
    }

    public async Task<bool> SaveProgressAsync(
        Rebuild before, Rebuild after, IReadOnlyCollection<Balance> balances, CancellationToken cancellationToken)
    {
        RedisValue[] rows = [.. balances.Select(balance => new Row(balance)).SelectMany(row => new RedisValue[] { row.Member, row.From, row.To })];
        return (bool)await store.RunAsync(
            database => database.ScriptEvaluateAsync(
                SaveProgress, [State, RowsOf(after.Generation)], [Write(before), Write(after), .. rows]),
            cancellationToken);
    }

    public Task FinishRebuildAsync(Rebuild rebuild, CancellationToken cancellationToken)
    {
        // And the one before the last: a handler that had begun before the last rebuild ended may have written a row to it since.
        var previous = rebuild.Generation - 1;
        return store.RunAsync(
            database => database.ScriptEvaluateAsync(
                Finish, [State, RowsOf(previous), RowsOf(previous - 1)], [rebuild.Generation, previous, FirstGeneration]),
            cancellationToken);
    }

    private static string RowsOf(long generation) => RedisStore.Key($"balances:{generation}");

    private static RedisValue Write(Rebuild rebuild) => JsonSerializer.SerializeToUtf8Bytes(rebuild, RedisBalanceJson.Default.Rebuild);

    // Ids come from outside; escaped, they have no colon.
    private static string Before(string accountId) => $"{Uri.EscapeDataString(accountId)}:";

    // The semicolon is next to the colon.
    private static string After(string accountId) => $"{Uri.EscapeDataString(accountId)};";

    /// <summary>A row, and the range of the rows that it replaces.</summary>
    private sealed class Row(Balance balance)
    {
        // As many digits as there can be: rows are compared as text.
        private readonly string _version = $"{Before(balance.Id)}{balance.Version:D19}:";

        public string Member => $"{_version}{balance.Amount.ToString(CultureInfo.InvariantCulture)}";

        public string From => $"[{Before(balance.Id)}";

        public string To => $"({_version}";
    }
}

[JsonSerializable(typeof(Rebuild))]
internal sealed partial class RedisBalanceJson : JsonSerializerContext;
