using System.Collections.Concurrent;
using System.Text.Json.Serialization;
using NATS.Client.Core;
using NATS.Client.JetStream.Models;

namespace Acme._1.Consumer.Stores;

/// <summary>A bucket with a key for each account and generation, and one key more that says which generations there are.</summary>
internal sealed class NatsBalanceStore(NatsBuckets buckets, NatsBalanceGenerations generations, NatsBalanceTransaction transaction, TimeProvider clock)
    : IBalanceStore
{
    public const string Bucket = "acme-1-balances";

    /// <summary>A bucket is a stream, and a key a subject in it.</summary>
    public const string StreamName = $"KV_{Bucket}";

    private const int RequestsAtOnce = 64;

    private static readonly NatsJsonContextSerializer<Balance> Serializer = new(NatsBalanceJsonContext.Default);

    public static string SubjectOf(string key) => $"$KV.{Bucket}.{key}";

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

    public Task<Balance?> FindAsync(long generation, string accountId, CancellationToken cancellationToken) => buckets.TryAsync(async () =>
    {
        var bucket = await buckets.OpenAsync(Bucket, cancellationToken);
        return (await bucket.FindAsync(KeyOf(generation, accountId), Serializer, cancellationToken)).Value;
    }, cancellationToken);

    public async Task<IReadOnlyDictionary<string, Balance>> FindAsync(
        long generation, IReadOnlyCollection<string> accountIds, CancellationToken cancellationToken)
    {
        var found = new ConcurrentDictionary<string, Balance>();
        await Parallel.ForEachAsync(
            accountIds,
            new ParallelOptions { MaxDegreeOfParallelism = RequestsAtOnce, CancellationToken = cancellationToken },
            async (id, inner) =>
            {
                if (await FindAsync(generation, id, inner) is { } balance)
                {
                    found[id] = balance;
                }
            });
        return found;
    }

    public Task SetAsync(long generation, Balance balance, CancellationToken cancellationToken)
    {
        transaction.OnSuccess(inner => buckets.WhenAvailableAsync(() => WriteAsync(generation, balance, inner), inner));
        return Task.CompletedTask;
    }

    public async Task<ProjectionState> GetStateAsync(CancellationToken cancellationToken) => (await generations.ReadAsync(cancellationToken)).State;

    public async Task<ProjectionState> StartRebuildAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var (state, revision) = await generations.ReadAsync(cancellationToken);
            if (state.Rebuild is not null)
            {
                return state;
            }

            var started = state with { Rebuild = new(state.Generation + 1, Position: null, Events: 0, clock.GetUtcNow()) };
            if (await generations.ReplaceAsync(started, revision, cancellationToken))
            {
                return started;
            }
        }
    }

    public async Task<bool> SaveProgressAsync(
        Rebuild before, Rebuild after, IReadOnlyCollection<Balance> balances, CancellationToken cancellationToken)
    {
        await buckets.TryAsync(async () =>
        {
            await Parallel.ForEachAsync(
                balances,
                new ParallelOptions { MaxDegreeOfParallelism = RequestsAtOnce, CancellationToken = cancellationToken },
                async (balance, inner) => await WriteAsync(after.Generation, balance, inner));
            return true;
        }, cancellationToken);

        var (state, revision) = await generations.ReadAsync(cancellationToken);
        return state.Rebuild == before && await generations.ReplaceAsync(state with { Rebuild = after }, revision, cancellationToken);
    }

    public async Task FinishRebuildAsync(Rebuild rebuild, CancellationToken cancellationToken)
    {
        ProjectionState state;
        ulong revision;
        do
        {
            (state, revision) = await generations.ReadAsync(cancellationToken);
            if (state.Rebuild?.Generation != rebuild.Generation)
            {
                return;
            }
        }
        while (!await generations.ReplaceAsync(new(rebuild.Generation, Rebuild: null), revision, cancellationToken));

        // And the one before the last: if this process dies now, the next rebuild removes what is left; and a handler that had
        // begun before the last one ended may have written a row since.
        await DeleteAsync(rebuild.Generation - 2, cancellationToken);
        await DeleteAsync(rebuild.Generation - 1, cancellationToken);
    }

    /// <summary>Writes the row, unless a newer one is there.</summary>
    /// <returns>True: by now the row is that of this version, or of a later one.</returns>
    private async Task<bool> WriteAsync(long generation, Balance balance, CancellationToken cancellationToken)
    {
        var bucket = await buckets.OpenAsync(Bucket, cancellationToken);
        var key = KeyOf(generation, balance.Id);
        ulong written;
        do
        {
            var (found, revision) = await bucket.FindAsync(key, Serializer, cancellationToken);
            if (found?.Version >= balance.Version)
            {
                return true;
            }

            // Another event of the same account may come in between: then look again.
            written = await bucket.ReplaceAsync(key, balance, revision, Serializer, cancellationToken);
        }
        while (written == NatsKeyValueExtensions.NoRevision);

        return true;
    }

    private async Task DeleteAsync(long generation, CancellationToken cancellationToken)
    {
        // All at once, and no markers of the deleted remain.
        var request = new StreamPurgeRequest { Filter = SubjectOf($"{PrefixOf(generation)}.*") };
        await buckets.TryAsync(async () =>
        {
            var bucket = await buckets.OpenAsync(Bucket, cancellationToken);
            return await bucket.JetStreamContext.PurgeStreamAsync(StreamName, request, cancellationToken);
        }, cancellationToken);
    }

    private static string PrefixOf(long generation) => $"generation-{generation}";

    private static string KeyOf(long generation, string accountId) => $"{PrefixOf(generation)}.{accountId.ToKey()}";
}

[JsonSerializable(typeof(Balance))]
[JsonSerializable(typeof(ProjectionState))]
internal sealed partial class NatsBalanceJsonContext : JsonSerializerContext;
