using System.Runtime.CompilerServices;
using System.Text;
using Acme._1.Messaging;
using Acme._1.Messaging.Kafka;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Acme._1.EventStore;

/// <summary>
/// Events in Kafka: the topic is the log of all events, and the only copy of them. Of the partitions that this process has
/// to do with, it keeps the events in memory.
/// </summary>
internal sealed class KafkaEventStore : IEventStore, IAsyncDisposable
{
    private const int RoomForFraming = 1_024;

    private readonly KafkaPartitionOwner[] _owners;
    private readonly KafkaEventReader _reader;
    private readonly EventAppender _appender;
    private readonly MessagingOptions _options;

    public KafkaEventStore(
        KafkaLogReader log,
        KafkaEventReader reader,
        EventAppender appender,
        KafkaClients clients,
        IOptions<MessagingOptions> options,
        TimeProvider clock,
        ILogger<KafkaPartitionOwner> logger)
    {
        _reader = reader;
        _appender = appender;
        _options = options.Value;
        _owners = [.. log.Partitions.Select(partition => new KafkaPartitionOwner(partition, clients, log, options.Value, clock, logger))];
    }

    public Task AppendAsync(string stream, long expectedVersion, NewEvent newEvent, CancellationToken cancellationToken) => _appender.AppendAsync(
        stream,
        newEvent,
        (envelope, inner) =>
        {
            var stored = KafkaPartitionEvents.Event.Of(envelope);
            var message = new Message<byte[]?, byte[]?>
            {
                Key = Encoding.UTF8.GetBytes(stream),
                Value = stored.Data,
                Headers = KafkaHeaders.Write(EventMessage.WriteHeaders(envelope, stream, expectedVersion + 1)),
                Timestamp = new Timestamp(envelope.Time),
            };
            EnsureFits(message);
            return OwnerOf(stream).AppendAsync(new(stream, expectedVersion, stored, message), inner);
        },
        cancellationToken);

    public async Task<StoredEvent?> FindAsync(string stream, string eventId, CancellationToken cancellationToken)
    {
        var events = await OwnerOf(stream).ReadAsync(cancellationToken);
        return events.Find(stream, eventId) is { } found ? found.Event.ToStored(stream, found.Version) : null;
    }

    public async IAsyncEnumerable<StoredEvent> ReadAsync(
        string stream, long fromVersion, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var events = await OwnerOf(stream).ReadAsync(cancellationToken);
        var version = Math.Max(fromVersion, 1);
        foreach (var stored in events.Read(stream, version))
        {
            yield return stored.ToStored(stream, version++);
        }
    }

    public IAsyncEnumerable<StoredEvent> ReadAllAsync(string? afterPosition, CancellationToken cancellationToken) =>
        _reader.ReadAllAsync(afterPosition, cancellationToken);

    public async ValueTask DisposeAsync()
    {
        foreach (var owner in _owners)
        {
            await owner.CloseAsync();
        }
    }

    /// <summary>The topic's limit is on headers, too. If the broker found that a message is too large, the transaction of others would be spoilt.</summary>
    private void EnsureFits(Message<byte[]?, byte[]?> message)
    {
        var headers = message.Headers.Sum(header => header.Key.Length + header.GetValueBytes().Length);
        if (message.Key!.Length + message.Value!.Length + headers + RoomForFraming > KafkaTopology.MaxRecordBytes(_options))
        {
            throw new MessageTooLargeException(message.Value.Length, _options.MaxMessageBytes);
        }
    }

    private KafkaPartitionOwner OwnerOf(string stream) => _owners[KafkaLog.PartitionOf(stream, _owners.Length).Partition.Value];
}
