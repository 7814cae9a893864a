namespace Acme._1.Messaging;

/// <summary>Takes what the outbox has stored to the broker.</summary>
public interface IOutboxSender
{
    /// <summary>Returns once the broker has confirmed the message.</summary>
    /// <exception cref="BrokerUnavailableException">It did not; the outbox keeps the message and tries again.</exception>
    Task SendAsync(OutgoingMessage message, CancellationToken cancellationToken);
}

/// <summary>A message that waits in the outbox.</summary>
/// <param name="MessageId">The id it is sent with, also when it is sent twice.</param>
/// <param name="Type">Its name in <c>MessageTypes</c>.</param>
/// <param name="Payload">Its JSON.</param>
/// <param name="TraceParent">The W3C trace context of the handler that wrote it, or null.</param>
public sealed record OutgoingMessage(string MessageId, string Type, ReadOnlyMemory<byte> Payload, string? TraceParent);
