using System.Text.Json;
using System.Text.Json.Serialization;
using NATS.Client.Core;
using NATS.Client.JetStream;
using NATS.Client.JetStream.Models;

namespace Acme._1.Consumer.Stores;

/// <summary>
/// A bucket with a key for each account and generation, and one key that says which generations there are.
/// </summary>
/// <remarks>
/// NATS changes one key at a time, so a row cannot be written together with the note in the inbox. It is written first. If the
/// process dies before the note is there, the message comes again and finds its row written, which is no different from a
/// duplicate. The other way round a row could get lost.
/// </remarks>
internal sealed class NatsBalanceStore(NatsBuckets buckets, TimeProvider clock) : IBalanceStore
{
    public const string Bucket = "acme-1-balances";

    // A bucket is a stream, and a key a subject in it.
    private const string StreamName = $"KV_{Bucket}";
    private const string StateKey = "state";
    private const int WritesAtOnce = 64;
    private const int MessageNotFound = 10037;

    private static readonly ProjectionState Beginning = new(Generation: 1, Rebuild: null);

    private static readonly NatsJsonContextSerializer<Balance> Rows = new(NatsBalanceJsonContext.Default);
    private static readonly NatsJsonContextSerializer<ProjectionState> States = new(NatsBalanceJsonContext.Default);

    private INatsJSStream? _stream;

    public async Task<Balance?> FindAsync(string accountId, CancellationToken cancellationToken)
    {
        var (generation, _) = await GetStateAsync(cancellationToken);
        while (true)
        {
            var balance = await FindAsync(generation, accountId, cancellationToken);
            var (served, _) = await GetStateAsync(cancellationToken);
            if (balance is not null || served == generation)
            {
                return balance;
            }

            // A rebuild was finished in between, and the generation that we looked at deleted.
            generation = served;
        }
    }

    public Task<Balance?> FindAsync(long generation, string accountId, CancellationToken cancellationToken) => buckets.TryAsync(async () =>
    {
        var bucket = await buckets.OpenAsync(Bucket, cancellationToken);
        return (await bucket.FindAsync(KeyOf(generation, accountId), Rows, cancellationToken)).Value;
    }, cancellationToken);

    public Task SetAsync(long generation, Balance balance, CancellationToken cancellationToken) => buckets.WhenAvailableAsync(async () =>
    {
        await WriteAsync(generation, balance, cancellationToken);
        return true;
    }, cancellationToken);

    public async Task<ProjectionState> GetStateAsync(CancellationToken cancellationToken) => (await ReadStateAsync(cancellationToken)).State;

    public async Task<ProjectionState> StartRebuildAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var (state, revision) = await ReadStateAsync(cancellationToken);
            if (state.Rebuild is not null)
            {
                return state;
            }

            var started = state with { Rebuild = new(state.Generation + 1, Position: null, Events: 0, clock.GetUtcNow()) };
            if (await ReplaceStateAsync(started, revision, cancellationToken))
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
                new ParallelOptions { MaxDegreeOfParallelism = WritesAtOnce, CancellationToken = cancellationToken },
                async (balance, inner) => await WriteAsync(after.Generation, balance, inner));
            return true;
        }, cancellationToken);

        var (state, revision) = await ReadStateAsync(cancellationToken);
        return state.Rebuild == before && await ReplaceStateAsync(state with { Rebuild = after }, revision, cancellationToken);
    }

    public async Task FinishRebuildAsync(Rebuild rebuild, CancellationToken cancellationToken)
    {
        ProjectionState state;
        ulong revision;
        do
        {
            (state, revision) = await ReadStateAsync(cancellationToken);
            if (state.Rebuild?.Generation != rebuild.Generation)
            {
                return;
            }
        }
        while (!await ReplaceStateAsync(new(rebuild.Generation, Rebuild: null), revision, cancellationToken));

        // And the one before the last: if this process dies now, the next rebuild removes what is left; and a handler that had
        // begun before the last one ended may have written a row since.
        await DeleteAsync(rebuild.Generation - 2, cancellationToken);
        await DeleteAsync(rebuild.Generation - 1, cancellationToken);
    }

    /// <summary>Writes the row, unless a newer one is there.</summary>
    private async Task WriteAsync(long generation, Balance balance, CancellationToken cancellationToken)
    {
        var bucket = await buckets.OpenAsync(Bucket, cancellationToken);
        var key = KeyOf(generation, balance.Id);
        ulong written;
        do
        {
            var (found, revision) = await bucket.FindAsync(key, Rows, cancellationToken);
            if (found?.Version >= balance.Version)
            {
                return;
            }

            // Another event of the same account may come in between: then look again.
            written = await bucket.ReplaceAsync(key, balance, revision, Rows, cancellationToken);
        }
        while (written == NatsKeyValueExtensions.NoRevision);
    }

    /// <remarks>
    /// From the leader, where a bucket may be read from a replica that is a moment behind: a handler that did not know of a
    /// rebuild would leave its event out of the new generation.
    /// </remarks>
    private Task<(ProjectionState State, ulong Revision)> ReadStateAsync(CancellationToken cancellationToken) => buckets.TryAsync(async () =>
    {
        _stream ??= await (await buckets.OpenAsync(Bucket, cancellationToken)).JetStreamContext.GetStreamAsync(StreamName, cancellationToken: cancellationToken);
        try
        {
            var found = (await _stream.GetAsync(new() { LastBySubj = SubjectOf(StateKey) }, cancellationToken)).Message;
            return (JsonSerializer.Deserialize(found.Data.Span, NatsBalanceJsonContext.Default.ProjectionState) ?? Beginning, found.Seq);
        }
        catch (NatsJSApiException exception) when (exception.Error.ErrCode == MessageNotFound)
        {
            return (Beginning, NatsKeyValueExtensions.NoRevision);
        }
    }, cancellationToken);

    private Task<bool> ReplaceStateAsync(ProjectionState state, ulong revision, CancellationToken cancellationToken) => buckets.TryAsync(async () =>
    {
        var bucket = await buckets.OpenAsync(Bucket, cancellationToken);
        return await bucket.ReplaceAsync(StateKey, state, revision, States, cancellationToken) != NatsKeyValueExtensions.NoRevision;
    }, cancellationToken);

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

    private static string SubjectOf(string key) => $"$KV.{Bucket}.{key}";

    private static string PrefixOf(long generation) => $"generation-{generation}";

    private static string KeyOf(long generation, string accountId) => $"{PrefixOf(generation)}.{accountId.ToKey()}";
}

[JsonSerializable(typeof(Balance))]
[JsonSerializable(typeof(ProjectionState))]
internal sealed partial class NatsBalanceJsonContext : JsonSerializerContext;
