namespace Acme._1.Messaging;

/// <summary>
/// The messages that failed for good: look at them, send them again, or throw them away.
/// The ops endpoints of the consumer are a thin layer over this.
/// </summary>
/// <remarks>
/// Every member throws <see cref="BrokerUnavailableException"/> when the broker cannot be reached.
/// Two dead letters share an id only if the same message died twice; an operation on that id covers both.
/// </remarks>
public interface IDeadLetterQueue
{
    /// <summary>The newest dead letters first, at most <paramref name="take"/> of them.</summary>
    Task<IReadOnlyList<DeadLetter>> ListAsync(int take, CancellationToken cancellationToken);

    /// <summary>One dead letter by its message id, or null.</summary>
    Task<DeadLetter?> FindAsync(string messageId, CancellationToken cancellationToken);

    /// <summary>
    /// Sends the message back to the queue it died in, with the same id, bytes and failure history.
    /// It leaves the dead-letter queue only after the broker has confirmed the copy.
    /// </summary>
    /// <returns>False if there is no such dead letter.</returns>
    Task<bool> ReplayAsync(string messageId, CancellationToken cancellationToken);

    /// <summary>Replays all dead letters present now; those that die again meanwhile are left alone.</summary>
    /// <returns>How many were replayed.</returns>
    Task<int> ReplayAllAsync(CancellationToken cancellationToken);

    /// <summary>Removes the message for good.</summary>
    /// <returns>False if there is no such dead letter.</returns>
    Task<bool> DiscardAsync(string messageId, CancellationToken cancellationToken);

    /// <summary>The figures of every queue this service consumes.</summary>
    Task<IReadOnlyList<QueueFigures>> GetQueuesAsync(CancellationToken cancellationToken);
}

/// <summary>A message that failed for good, with the whole story of its failure.</summary>
/// <param name="MessageId">The id it was sent with; one was made up if it had none.</param>
/// <param name="Type">Its message type, or null if it did not say.</param>
/// <param name="Queue">The queue it died in, where a replay sends it.</param>
/// <param name="Reason">Why it died, for a person to read.</param>
/// <param name="Attempts">How often it was handed to a handler, replays included.</param>
/// <param name="Replays">How often it was replayed.</param>
/// <param name="FirstFailure">When an attempt failed first.</param>
/// <param name="LastFailure">When the last attempt failed.</param>
/// <param name="Headers">The headers it carries now.</param>
/// <param name="Payload">The bytes it was sent with, untouched.</param>
public sealed record DeadLetter(
    string MessageId,
    string? Type,
    string Queue,
    string Reason,
    int Attempts,
    int Replays,
    DateTimeOffset FirstFailure,
    DateTimeOffset LastFailure,
    IReadOnlyDictionary<string, string> Headers,
    ReadOnlyMemory<byte> Payload);

/// <summary>What stands in a queue at this moment, in messages.</summary>
/// <param name="Queue">The queue's name.</param>
/// <param name="Depth">Waiting to be handled.</param>
/// <param name="InFlight">Handed to this process and not yet settled.</param>
/// <param name="Retrying">Failed, and waiting for the next attempt.</param>
/// <param name="DeadLettered">Failed for good.</param>
public sealed record QueueFigures(string Queue, long Depth, long InFlight, long Retrying, long DeadLettered);
