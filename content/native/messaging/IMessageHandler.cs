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

/// <param name="MessageId">The message's id.</param>
/// <param name="Attempt">1 for the first attempt; goes on counting after a replay.</param>
/// <param name="SentAt">When the message was sent.</param>
public sealed record MessageContext(string MessageId, int Attempt, DateTimeOffset SentAt);
