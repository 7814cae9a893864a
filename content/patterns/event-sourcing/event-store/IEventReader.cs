namespace Acme._1.EventStore;

/// <summary>
/// Reads what has happened. All the rest (balances, snapshots, what other services keep) is made of it, and can be made again.
/// </summary>
/// <remarks>
/// Events come in their current version, whichever they were stored in. Something in the log that no <see cref="IEventStore"/>
/// has written is no event: it is skipped, and logged. Every member throws when the store cannot be reached
/// (<see cref="Messaging.BrokerUnavailableException"/>, or <see cref="System.Data.Common.DbException"/> of a database).
/// </remarks>
public interface IEventReader
{
    /// <summary>The events of one stream in their order, from this version on, as far as they are there now; none if there is no such stream.</summary>
    /// <param name="stream">Its name, out of <c>Streams</c>.</param>
    /// <param name="fromVersion">The version of the first event to read; the first of all has version 1.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="UnreadableEventException">An event is of a type or a version that this code does not know.</exception>
    IAsyncEnumerable<StoredEvent> ReadAsync(string stream, long fromVersion, CancellationToken cancellationToken);

    /// <summary>
    /// The events of all streams, up to at least the last one that was stored before this was called. Those of one stream come
    /// in their order; between streams any order will do. No event that gets stored later stands before a position that was
    /// read already: whoever goes on from there misses nothing. It ends, however much is being stored meanwhile: a reader that is
    /// slower than the writers must not run after them for ever.
    /// </summary>
    /// <param name="afterPosition">The <see cref="StoredEvent.Position"/> of the last event that the caller is done with, or null to start with the first.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="UnreadableEventException">An event is of a type or a version that this code does not know.</exception>
    IAsyncEnumerable<StoredEvent> ReadAllAsync(string? afterPosition, CancellationToken cancellationToken);
}

/// <param name="Stream">The stream it is in.</param>
/// <param name="Version">Its place there, from 1 without a gap.</param>
/// <param name="EventId">Its id, which is also that of the message that tells about it.</param>
/// <param name="Data">What happened: a record of the contracts, in its current version.</param>
/// <param name="Time">When it was stored.</param>
/// <param name="Position">
/// From where <see cref="IEventReader.ReadAllAsync"/> goes on after this event, in the store's own words. Of events that
/// <see cref="IEventReader.ReadAsync"/> gives it says nothing.
/// </param>
public sealed record StoredEvent(string Stream, long Version, string EventId, object Data, DateTimeOffset Time, string Position);

/// <summary>The log holds an event that this code cannot read: a newer version of the service wrote it, or its bytes are broken.</summary>
public sealed class UnreadableEventException(string message, Exception? innerException = null)
    : Messaging.PermanentFailureException(message, innerException);
