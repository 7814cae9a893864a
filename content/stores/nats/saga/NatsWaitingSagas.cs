using System.Collections.Concurrent;
using NATS.Client.Core;
using NATS.Client.JetStream.Models;
using NATS.Client.KeyValueStore;

namespace Acme._1.Consumer.Stores;

/// <summary>
/// The sagas that wait, in a bucket that holds nothing else: NATS finds keys by their names and not by a time. Each
/// process watches the bucket, which gives it all entries and then each change, and keeps them in its memory.
/// </summary>
/// <remarks>
/// An entry says where to look, and when; the truth is the saga. An entry is never older than the saga it was last
/// written for, and comes before the saga's message is acknowledged, so none that waits is missing. One may be there for
/// a saga that does not wait any more; it is corrected by whoever looks. Compare and set makes one process of many take a
/// saga that is due.
/// </remarks>
internal sealed class NatsWaitingSagas(NatsBuckets buckets) : BackgroundService
{
    public static readonly NatsKVConfig Bucket = new("acme-1-sagas-waiting");

    private static readonly NatsJsonContextSerializer<WaitingSaga> Serializer = new(NatsSagaJsonContext.Default);

    private readonly ConcurrentDictionary<string, WaitingEntry> _entries = new();
    private volatile bool _isComplete;

    /// <summary>The entries whose time has come, those that wait longest first, at most <paramref name="take"/> of them.</summary>
    public IReadOnlyList<WaitingEntry> ListDue(DateTimeOffset now, int take) =>
        [.. _entries.Values.Where(entry => entry.Saga.DueAt <= now).OrderBy(entry => entry.Saga.DueAt).Take(take)];

    /// <summary>The entries of these orders, as far as they wait.</summary>
    public IReadOnlyList<WaitingEntry> List(IEnumerable<string> orderIds) =>
        [.. orderIds.Select(orderId => _entries.GetValueOrDefault(orderId.ToKey())).OfType<WaitingEntry>()];

    /// <summary>The entries of those that wait for a person, those that wait longest first, at most <paramref name="take"/> of them.</summary>
    /// <exception cref="StoreUnavailableException">Not all entries are known yet.</exception>
    public IReadOnlyList<WaitingEntry> ListParked(int take) => _isComplete
        ? [.. _entries.Values.Where(entry => entry.Saga.ParkedAt is not null).OrderBy(entry => entry.Saga.ParkedAt).Take(take)]
        : throw new StoreUnavailableException("The sagas that wait are still being read from NATS.");

    /// <summary>Makes the entry say what this revision of the saga says, unless it knows of a later one.</summary>
    public async Task UpdateAsync(OrderSagaState saga, ulong revision, CancellationToken cancellationToken)
    {
        var key = saga.OrderId.ToKey();
        var bucket = await buckets.OpenAsync(Bucket.Bucket, cancellationToken);
        var isUpToDate = false;
        while (!isUpToDate)
        {
            var (before, entryRevision) = await bucket.FindAsync(key, Serializer, cancellationToken);
            isUpToDate = before?.Revision >= revision
                || await TryWriteAsync(bucket, key, EntryOf(saga, revision), entryRevision, cancellationToken);
        }
    }

    /// <summary>Makes the entry say what the saga says by now.</summary>
    public Task CorrectAsync(WaitingEntry entry, StoredDocument saga, CancellationToken cancellationToken) =>
        TryReplaceAsync(entry, saga.Document.Saga is { } state ? EntryOf(state, saga.Revision) : null, cancellationToken);

    /// <summary>Nobody else takes this saga before this time. False if somebody else did already.</summary>
    public Task<bool> TryTakeAsync(WaitingEntry entry, DateTimeOffset until, CancellationToken cancellationToken) =>
        TryReplaceAsync(entry, entry.Saga with { DueAt = until }, cancellationToken);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (true)
            {
                await buckets.WhenAvailableAsync(() => WatchAsync(stoppingToken), stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The entries are in the bucket.
        }
    }

    private static WaitingSaga? EntryOf(OrderSagaState saga, ulong revision) =>
        saga.DueAt is null && saga.ParkedAt is null ? null : new(saga.OrderId, saga.DueAt, saga.ParkedAt, revision);

    private Task<bool> TryReplaceAsync(WaitingEntry entry, WaitingSaga? saga, CancellationToken cancellationToken) => buckets.TryAsync(async () =>
    {
        var bucket = await buckets.OpenAsync(Bucket.Bucket, cancellationToken);
        var isWritten = await TryWriteAsync(bucket, entry.Key, saga, entry.Revision, cancellationToken);
        if (!isWritten)
        {
            // A later one is on its way here. Or it was removed, which nobody is told of.
            _entries.TryRemove(new(entry.Key, entry));
        }

        return isWritten;
    }, cancellationToken);

    /// <returns>False if the entry has another revision.</returns>
    private async Task<bool> TryWriteAsync(
        INatsKVStore bucket, string key, WaitingSaga? saga, ulong revision, CancellationToken cancellationToken)
    {
        if (saga is not null)
        {
            var written = await bucket.ReplaceAsync(key, saga, revision, Serializer, cancellationToken);
            if (written != NatsKeyValueExtensions.NoRevision)
            {
                Keep(new(key, saga, written));
            }

            return written != NatsKeyValueExtensions.NoRevision;
        }

        if (revision != NatsKeyValueExtensions.NoRevision)
        {
            // Deleting a key would leave a marker for ever. This leaves nothing, and does not touch a later revision.
            await bucket.JetStreamContext.PurgeStreamAsync(
                $"KV_{bucket.Bucket}", new StreamPurgeRequest { Filter = $"$KV.{bucket.Bucket}.{key}", Seq = revision + 1 }, cancellationToken);
            if (_entries.TryGetValue(key, out var known) && known.Revision <= revision)
            {
                _entries.TryRemove(new(key, known));
            }
        }

        return true;
    }

    private async Task<bool> WatchAsync(CancellationToken stoppingToken)
    {
        var bucket = await buckets.OpenAsync(Bucket.Bucket, stoppingToken);
        _entries.Clear();

        // After a lost connection the client would go on where it was; but the server may have lost some of its data.
        using var connected = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
        var connection = bucket.JetStreamContext.Connection;
        connection.ConnectionDisconnected += OnDisconnected;
        try
        {
            var options = new NatsKVWatchOpts { OnNoData = OnNoData };
            await foreach (var entry in bucket.WatchAsync(Serializer, options, connected.Token))
            {
                if (entry is { Value: { } saga, Error: null })
                {
                    Keep(new(entry.Key, saga, entry.Revision));
                }

                _isComplete |= entry.Delta == 0;
            }

            return true;
        }
        finally
        {
            _isComplete = false;
            connection.ConnectionDisconnected -= OnDisconnected;
        }

        ValueTask OnDisconnected(object? sender, NatsEventArgs args)
        {
            connected.Cancel();
            return default;
        }

        ValueTask<bool> OnNoData(CancellationToken cancellationToken)
        {
            _isComplete = true;
            return new(false);
        }
    }

    /// <summary>What was written here and what is heard of the bucket come in any order.</summary>
    private void Keep(WaitingEntry entry) =>
        _entries.AddOrUpdate(entry.Key, entry, (_, known) => known.Revision > entry.Revision ? known : entry);
}

/// <summary>An entry as it is in the bucket.</summary>
internal sealed record WaitingEntry(string Key, WaitingSaga Saga, ulong Revision);
