using System.Diagnostics;
using System.Text.Json;
using Acme._1.Contracts;

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
public sealed record OutgoingMessage(string MessageId, string Type, ReadOnlyMemory<byte> Payload, string? TraceParent)
{
    /// <summary>Writes the message down, with an id of its own and the trace of the handler that is running.</summary>
    /// <param name="message">The message.</param>
    /// <param name="limit"><see cref="MessagingOptions.MaxMessageBytes"/>.</param>
    /// <exception cref="MessageTooLargeException">Now it is its handler's failure; from the outbox it could never be sent.</exception>
    public static OutgoingMessage Create<T>(T message, int limit)
        where T : class
    {
        var type = MessageTypes.Of(typeof(T));
        var payload = JsonSerializer.SerializeToUtf8Bytes(message, type.Json);
        return payload.Length <= limit
            ? new(Guid.CreateVersion7().ToString(), type.Name, payload, Activity.Current?.Id)
            : throw new MessageTooLargeException(payload.Length, limit);
    }
}
