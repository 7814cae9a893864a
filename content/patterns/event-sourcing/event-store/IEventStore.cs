using Acme._1.Messaging;

namespace Acme._1.EventStore;

/// <summary>
/// Where the truth is: what has happened, each thing in a stream of its own. An event that is stored is sent to the topic of
/// its type, too, at least once; nobody has to send it besides.
/// </summary>
public interface IEventStore : IEventReader
{
    /// <summary>
    /// Appends one event, if nobody has appended another since the caller looked. Returns once it is kept for good, with the
    /// promise that it will be sent. One at a time: few brokers can append several together or not at all, so what is decided
    /// together has to be one event that says all of it.
    /// </summary>
    /// <param name="stream">Its name, out of <c>Streams</c>. It comes into being with its first event.</param>
    /// <param name="expectedVersion">The version of the last event in the stream, or 0 if it must not exist yet. The new event gets the next one.</param>
    /// <param name="newEvent">What happened.</param>
    /// <param name="cancellationToken">Ends the wait. The event may be stored all the same.</param>
    /// <exception cref="WrongExpectedVersionException">The stream is at another version. Nothing was appended: read it again, and decide again.</exception>
    /// <exception cref="EventIdInUseException">The id is that of an event in another stream. Not every store notices.</exception>
    /// <exception cref="BrokerUnavailableException">It was not confirmed in time. It may be stored or not: <see cref="FindAsync"/> tells.</exception>
    /// <exception cref="System.Data.Common.DbException">The same, where the store is a database.</exception>
    Task AppendAsync(string stream, long expectedVersion, NewEvent newEvent, CancellationToken cancellationToken);

    /// <summary>
    /// The event with this id in this stream, or null. Look for it after having read the stream's version, and before appending:
    /// then of a request that comes twice, even at the same time, only one has an effect.
    /// </summary>
    Task<StoredEvent?> FindAsync(string stream, string eventId, CancellationToken cancellationToken);
}

/// <param name="EventId">Unique for each event, and the same when the same request is repeated.</param>
/// <param name="Data">What happened: a record of the contracts. Its type's name and version in <c>MessageTypes</c> are stored with it.</param>
public sealed record NewEvent(string EventId, object Data);

/// <summary>Somebody else has appended to the stream first.</summary>
public sealed class WrongExpectedVersionException(string stream, long expectedVersion, Exception? innerException = null)
    : Exception($"The stream {stream} is not at version {expectedVersion}.", innerException)
{
    public string Stream => stream;

    public long ExpectedVersion => expectedVersion;
}

/// <summary>The id of a new event is that of another one.</summary>
public sealed class EventIdInUseException(string eventId, Exception? innerException = null)
    : Exception($"The id {eventId} is that of another event.", innerException);
