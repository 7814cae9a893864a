namespace Acme._1.Messaging;

/// <summary>
/// Handles one kind of message. What it does through the store is committed together with the note that the message
/// was processed; when it throws, all of that is rolled back and <see cref="FailurePolicy"/> decides what happens next.
/// </summary>
public interface IMessageHandler<in T>
    where T : class
{
    Task HandleAsync(T message, MessageContext context, CancellationToken cancellationToken);
}

/// <param name="Queue">The queue it came from; a subscriber has one of its own.</param>
/// <param name="Envelope">The message as it travelled.</param>
/// <param name="Attempt">1 for the first attempt; goes on counting after a replay.</param>
public sealed record MessageContext(string Queue, Envelope Envelope, int Attempt)
{
    public string MessageId => Envelope.Id;

    /// <summary>When the message was sent.</summary>
    public DateTimeOffset SentAt => Envelope.Time;
}
