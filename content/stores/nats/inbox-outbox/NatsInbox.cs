using System.Collections.Concurrent;
using Acme._1.Messaging;
using NATS.Client.Core;
using NATS.Client.KeyValueStore;

namespace Acme._1.Consumer.Stores;

/// <summary>
/// NATS changes one key at a time. So a message is committed by one key, its entry in the inbox, which is only written if
/// it is not there, and which holds all that the message brings about. From then on that will happen: here at once, or, if
/// this process dies, when the message is delivered again, for it is not acknowledged before. Doing it twice changes
/// nothing: effects are known by their ids, and messages keep theirs. When all is done, the entry is emptied.
/// </summary>
internal sealed class NatsInbox(NatsBuckets buckets, NatsEffects effects, IOutboxSender sender)
{
    /// <summary>Processed messages are forgotten after a week: longer than any broker or client repeats itself.</summary>
    public static readonly NatsKVConfig Bucket = new("acme-1-inbox") { MaxAge = TimeSpan.FromDays(7) };

    private static readonly NatsJsonContextSerializer<InboxEntry> Serializer = new(NatsStoreJsonContext.Default);

    private readonly ConcurrentDictionary<string, Claim> _running = new();

    /// <summary>Takes the right to process this message in this process. Waits for a twin that is being processed.</summary>
    public async Task<IDisposable> ClaimAsync(string key, CancellationToken cancellationToken)
    {
        var mine = new Claim(this, key);
        while (_running.GetOrAdd(key, mine) is var running && running != mine)
        {
            await running.Ended.WaitAsync(cancellationToken);
        }

        return mine;
    }

    /// <summary>True if the message was processed. If the process died that did so, what is left to do is done now.</summary>
    public Task<bool> ContainsAsync(string key, CancellationToken cancellationToken) => buckets.WhenAvailableAsync(async () =>
    {
        var bucket = await buckets.OpenAsync(Bucket.Bucket, cancellationToken);
        var (entry, revision) = await bucket.FindAsync(key, Serializer, cancellationToken);
        if (entry is null)
        {
            return false;
        }

        await FinishAsync(bucket, key, entry, revision, cancellationToken);
        return true;
    }, cancellationToken);

    /// <returns>False if it was already committed: by a twin in another process, which has the same effects.</returns>
    public async Task<bool> CommitAsync(string key, InboxEntry entry, CancellationToken cancellationToken)
    {
        var revision = await buckets.WhenAvailableAsync(async () =>
        {
            var bucket = await buckets.OpenAsync(Bucket.Bucket, cancellationToken);
            return await bucket.ReplaceAsync(key, entry, NatsKeyValueExtensions.NoRevision, Serializer, cancellationToken);
        }, cancellationToken);

        if (revision == NatsKeyValueExtensions.NoRevision)
        {
            // Or by us, and the confirmation got lost. Whoever it was, what counts is what is there.
            await ContainsAsync(key, cancellationToken);
            return false;
        }

        return await buckets.WhenAvailableAsync(async () =>
        {
            var bucket = await buckets.OpenAsync(Bucket.Bucket, cancellationToken);
            await FinishAsync(bucket, key, entry, revision, cancellationToken);
            return true;
        }, cancellationToken);
    }

    private async Task FinishAsync(INatsKVStore bucket, string key, InboxEntry entry, ulong revision, CancellationToken cancellationToken)
    {
        if (entry.IsDone)
        {
            return;
        }

        foreach (var effect in entry.Effects)
        {
            await effects.ApplyAsync(effect, cancellationToken);
        }

        await Task.WhenAll(entry.Messages.Select(message => sender.SendAsync(message, cancellationToken)));

        // If it has changed meanwhile, somebody else has done the same.
        await bucket.ReplaceAsync(key, InboxEntry.Done, revision, Serializer, cancellationToken);
    }

    private sealed class Claim(NatsInbox inbox, string key) : IDisposable
    {
        private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Ended => _ended.Task;

        public void Dispose()
        {
            inbox._running.TryRemove(key, out _);
            _ended.SetResult();
        }
    }
}
