using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Acme._1.Messaging;

namespace Acme._1.EventStore;

/// <summary>All events in this process's memory: for trying things out. They are gone when the process ends.</summary>
internal sealed class MemoryEventStore(TimeProvider clock) : IEventStore
{
    private readonly Lock _gate = new();
    private readonly List<Entry> _log = [];
    private readonly Dictionary<string, List<Entry>> _streams = [];
    private readonly Dictionary<string, Entry> _byId = [];
    private readonly Channel<OutgoingMessage> _unsent = Channel.CreateUnbounded<OutgoingMessage>();

    /// <summary>What is stored and still has to be sent, in the order in which it was stored.</summary>
    public ChannelReader<OutgoingMessage> Unsent => _unsent.Reader;

    public Task AppendAsync(string stream, long expectedVersion, NewEvent newEvent, CancellationToken cancellationToken)
    {
        var (type, data) = EventSerializer.Write(newEvent.Data);
        lock (_gate)
        {
            if (!_streams.TryGetValue(stream, out var events))
            {
                _streams[stream] = events = [];
            }

            if (events.Count != expectedVersion)
            {
                throw new WrongExpectedVersionException(stream, expectedVersion);
            }

            var entry = new Entry(stream, expectedVersion + 1, newEvent.EventId, type, data, clock.GetUtcNow(), _log.Count);
            if (!_byId.TryAdd(newEvent.EventId, entry))
            {
                throw new EventIdInUseException(newEvent.EventId);
            }

            events.Add(entry);
            _log.Add(entry);
            _unsent.Writer.TryWrite(new(newEvent.EventId, type, data, Activity.Current?.Id));
        }

        return Task.CompletedTask;
    }

    public Task<StoredEvent?> FindAsync(string stream, string eventId, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            return Task.FromResult(_byId.TryGetValue(eventId, out var entry) && entry.Stream == stream ? entry.Read() : null);
        }
    }

    public IAsyncEnumerable<StoredEvent> ReadAsync(string stream, long fromVersion, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            return ReadAsync(_streams.TryGetValue(stream, out var events) ? [.. events.Skip((int)fromVersion - 1)] : [], cancellationToken);
        }
    }

    public IAsyncEnumerable<StoredEvent> ReadAllAsync(string? afterPosition, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            return ReadAsync([.. _log.Skip(afterPosition is null ? 0 : int.Parse(afterPosition, provider: null) + 1)], cancellationToken);
        }
    }

    private static async IAsyncEnumerable<StoredEvent> ReadAsync(Entry[] entries, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var entry in entries)
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return entry.Read();
        }

        await Task.CompletedTask;
    }

    /// <summary>As bytes, like any other store: what is read is what any version of the service has once written.</summary>
    private sealed record Entry(string Stream, long Version, string EventId, string Type, byte[] Data, DateTimeOffset Time, int Position)
    {
        public StoredEvent Read() => new(Stream, Version, EventId, EventSerializer.Read(Type, Data, Time), Time, $"{Position}");
    }
}
