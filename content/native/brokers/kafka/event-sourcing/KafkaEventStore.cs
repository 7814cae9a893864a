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
    private readonly MessagingOptions _options;
    private readonly TimeProvider _clock;

    public KafkaEventStore(
        KafkaLogReader log,
        KafkaEventReader reader,
        KafkaClients clients,
        IOptions<MessagingOptions> options,
        TimeProvider clock,
        ILogger<KafkaPartitionOwner> logger)
    {
        _reader = reader;
        _options = options.Value;
        _clock = clock;
        _owners = [.. log.Partitions.Select(partition => new KafkaPartitionOwner(partition, clients, log, options.Value, clock, logger))];
    }

    public Task AppendAsync(string stream, long expectedVersion, NewEvent newEvent, CancellationToken cancellationToken)
    {
        var envelope = EventMessage.Create(stream, newEvent, _clock.GetUtcNow(), _options.MaxMessageBytes);
        var stored = KafkaPartitionEvents.Event.Of(envelope);
        var message = new Message<byte[]?, byte[]?>
        {
            Key = Encoding.UTF8.GetBytes(stream),
            Value = stored.Data,
            Headers = KafkaHeaders.Write(EventMessage.WriteHeaders(envelope, stream, expectedVersion + 1)),
            Timestamp = new Timestamp(envelope.Time),
        };

        // The topic's limit counts headers, too. Found by the broker, it would spoil the transaction of others.
        return message.Key.Length + message.Value!.Length + message.Headers.Sum(header => header.Key.Length + header.GetValueBytes().Length) + RoomForFraming
            <= KafkaTopology.MaxRecordBytes(_options)
                ? OwnerOf(stream).AppendAsync(new(stream, expectedVersion, stored, message), cancellationToken)
                : throw new MessageTooLargeException(envelope.Data.Length, _options.MaxMessageBytes);
    }

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

    private KafkaPartitionOwner OwnerOf(string stream) => _owners[KafkaLog.PartitionOf(stream, _owners.Length).Partition.Value];
}
