using System.Buffers;
using System.Collections.Concurrent;
using Acme._1.Messaging;
using NATS.Client.Core;
using NATS.Client.JetStream;
using NATS.Client.JetStream.Models;
using NATS.Client.KeyValueStore;

namespace Acme._1.Consumer.Stores;

/// <summary>
/// Keeps the documents. One is only written over the revision that was read, so of two messages that made something of
/// the same state one commits, and the other has to look again. What follows from a document (messages to be sent, the
/// entry among the sagas that wait) happens after it was written, by whoever wrote it; or, if that process died, by
/// whoever has the message that was not acknowledged, or any other message about the same document. Doing it twice
/// changes nothing: messages keep their ids, and entries know how new they are.
/// </summary>
internal sealed class NatsSagaDocuments(NatsBuckets buckets, NatsWaitingSagas waiting, IOutboxSender sender)
{
    public static readonly NatsKVConfig Sagas = new("acme-1-sagas");

    public static readonly NatsKVConfig Steps = new("acme-1-steps");

    private const int NoMessageFound = 10037;

    private static readonly NatsJsonContextSerializer<SagaDocument> Serializer = new(NatsSagaJsonContext.Default);

    private readonly ConcurrentDictionary<string, INatsJSStream> _streams = new();

    /// <summary>The document as it is. What follows from it may not have happened yet.</summary>
    /// <exception cref="StoreUnavailableException">NATS is away.</exception>
    public Task<StoredDocument> FindAsync(NatsKVConfig bucket, string key, CancellationToken cancellationToken) =>
        buckets.TryAsync(() => ReadAsync(bucket.Bucket, key, cancellationToken), cancellationToken);

    /// <summary>The document. All that follows from it has happened when this returns.</summary>
    public Task<StoredDocument> LoadAsync(NatsKVConfig bucket, string key, CancellationToken cancellationToken) => buckets.WhenAvailableAsync(async () =>
    {
        while (true)
        {
            var stored = await ReadAsync(bucket.Bucket, key, cancellationToken);
            if (!stored.Document.IsOpen)
            {
                return stored;
            }

            await SettleAsync(stored, cancellationToken);
        }
    }, cancellationToken);

    /// <summary>Writes the document over the revision that was read, and does what follows from it.</summary>
    /// <returns>
    /// False if it is not what was read any more. That is also so when it was written and the confirmation got lost: who
    /// looks again finds his message among those that were handled.
    /// </returns>
    public async Task<bool> CommitAsync(StoredDocument stored, CancellationToken cancellationToken)
    {
        var revision = await buckets.WhenAvailableAsync(() => WriteAsync(stored, cancellationToken), cancellationToken);
        if (revision == NatsKeyValueExtensions.NoRevision)
        {
            return false;
        }

        await buckets.WhenAvailableAsync(() => SettleAsync(stored with { Revision = revision }, cancellationToken), cancellationToken);
        return true;
    }

    /// <returns>False if somebody else has changed it meanwhile, who has done the same before.</returns>
    private async Task<bool> SettleAsync(StoredDocument stored, CancellationToken cancellationToken)
    {
        await Task.WhenAll(
        [
            .. stored.Document.Outgoing.Select(message => sender.SendAsync(message, cancellationToken)),
            .. stored.Document.Saga is { } saga ? [waiting.UpdateAsync(saga, stored.Revision, cancellationToken)] : Array.Empty<Task>(),
        ]);

        var settled = stored with { Document = stored.Document with { Outgoing = [], IsOpen = false } };
        return await WriteAsync(settled, cancellationToken) != NatsKeyValueExtensions.NoRevision;
    }

    private async Task<ulong> WriteAsync(StoredDocument stored, CancellationToken cancellationToken)
    {
        var bucket = await buckets.OpenAsync(stored.Bucket, cancellationToken);
        return await bucket.ReplaceAsync(stored.Key, stored.Document, stored.Revision, Serializer, cancellationToken);
    }

    /// <summary>
    /// Asks the leader of the bucket. With replicas, what the client does by itself may be answered by one that is
    /// behind; then an answer to the newest step would look like one to a step that has not come yet, and be ignored.
    /// </summary>
    private async Task<StoredDocument> ReadAsync(string bucket, string key, CancellationToken cancellationToken)
    {
        var stream = await OpenStreamAsync(bucket, cancellationToken);
        try
        {
            var read = await stream.GetAsync(new StreamMsgGetRequest { LastBySubj = $"$KV.{bucket}.{key}" }, cancellationToken);

            // One that somebody has deleted by hand has no content, but a revision all the same.
            var document = read.Message.Data.IsEmpty ? SagaDocument.Empty : Serializer.Deserialize(new ReadOnlySequence<byte>(read.Message.Data))!;
            return new(bucket, key, document, read.Message.Seq);
        }
        catch (NatsJSApiException exception) when (exception.Error.ErrCode == NoMessageFound)
        {
            return new(bucket, key, SagaDocument.Empty, NatsKeyValueExtensions.NoRevision);
        }
    }

    private async Task<INatsJSStream> OpenStreamAsync(string bucket, CancellationToken cancellationToken)
    {
        var open = await buckets.OpenAsync(bucket, cancellationToken);
        if (!_streams.TryGetValue(bucket, out var stream))
        {
            _streams[bucket] = stream = await open.JetStreamContext.GetStreamAsync($"KV_{bucket}", cancellationToken: cancellationToken);
        }

        return stream;
    }
}
