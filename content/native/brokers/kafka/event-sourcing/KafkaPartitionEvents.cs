using System.Diagnostics.CodeAnalysis;
using Acme._1.Contracts;
using Acme._1.Messaging;
using Acme._1.Messaging.Kafka;
using Confluent.Kafka;

namespace Acme._1.EventStore;

/// <summary>
/// The events of a partition in memory, from its beginning to some place; others may have written behind that. Only what is
/// committed comes in here, so it is never wrong, only old.
/// </summary>
internal sealed class KafkaPartitionEvents
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, List<Event>> _streams = [];
    private long _position;
    private long _end;

    /// <summary>The offset to read on from.</summary>
    public long Position => Volatile.Read(ref _position);

    /// <summary>Before this offset there is nothing that is not here.</summary>
    public long End => Volatile.Read(ref _end);

    public long VersionOf(string stream)
    {
        lock (_gate)
        {
            return _streams.TryGetValue(stream, out var events) ? events.Count : 0;
        }
    }

    /// <summary>The events of a stream, raw; they are read by <see cref="Event.ToStored"/>.</summary>
    public IReadOnlyList<Event> Read(string stream, long fromVersion)
    {
        lock (_gate)
        {
            var first = (int)Math.Min(Math.Max(fromVersion, 1) - 1, int.MaxValue);
            return _streams.TryGetValue(stream, out var events) && first < events.Count ? events.GetRange(first, events.Count - first) : [];
        }
    }

    public (long Version, Event Event)? Find(string stream, string eventId)
    {
        lock (_gate)
        {
            return _streams.TryGetValue(stream, out var events) && events.FindLastIndex(stored => stored.Id == eventId) is var index and >= 0
                ? (index + 1, events[index])
                : null;
        }
    }

    /// <summary>Takes in what was read behind the position.</summary>
    /// <exception cref="UnreadableEventException">Something is missing in front of it: it was deleted, or is in another partition.</exception>
    public void Add(ConsumeResult<byte[]?, byte[]?> record)
    {
        var headers = KafkaHeaders.Read(record.Message.Headers);
        if (EventMessage.TryReadPlace(headers, out var stream, out var version))
        {
            if (VersionOf(stream) is var last && version != last + 1)
            {
                throw new UnreadableEventException($"the log is not whole: at {record.TopicPartitionOffset}, event {version} of {stream} follows {last}");
            }

            Add(stream, EnvelopeHeaders.TryRead(headers, record.Message.Value, out var envelope, out var problem)
                ? Event.Of(envelope)
                : new(string.Empty, string.Empty, DateTimeOffset.MinValue, [], problem));
        }

        MoveTo(record.Offset.Value + 1, record.Offset.Value + 1);
    }

    public void Add(string stream, Event stored)
    {
        lock (_gate)
        {
            if (!_streams.TryGetValue(stream, out var events))
            {
                _streams[stream] = events = [];
            }

            events.Add(stored);
        }
    }

    /// <param name="position">The offset to read on from.</param>
    /// <param name="end">The offset before which there is nothing else; behind a transaction it is one further, for the note of how it ended.</param>
    public void MoveTo(long position, long end)
    {
        Volatile.Write(ref _position, position);
        Volatile.Write(ref _end, end);
    }

    /// <summary>Forgets everything.</summary>
    public void Clear()
    {
        lock (_gate)
        {
            _streams.Clear();
        }

        MoveTo(0, 0);
    }

    /// <summary>An event as short as can be: all that ever happened is in memory.</summary>
    /// <param name="Problem">Why it cannot be read, or null.</param>
    [SuppressMessage("Performance", "CA1815", Justification = "Never compared.")]
    internal readonly record struct Event(string Id, string Type, DateTimeOffset Time, byte[] Data, string? Problem)
    {
        /// <summary>The name of the type is kept once for all events of it.</summary>
        public static Event Of(Envelope envelope) =>
            new(envelope.Id, MessageTypes.Find(envelope.Type)?.Name ?? envelope.Type, envelope.Time, envelope.Data.ToArray(), Problem: null);

        /// <exception cref="UnreadableEventException">This code cannot read it.</exception>
        public StoredEvent ToStored(string stream, long version) => Problem is null
            ? new(stream, version, Id, EventSerializer.Read(Type, Data, Time), Time, Position: string.Empty)
            : throw new UnreadableEventException($"event {version} of {stream}: {Problem}");
    }
}
