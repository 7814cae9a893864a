namespace Acme._1.Messaging;

/// <summary>Sends messages, each to the destination that <c>MessageTypes</c> names for it.</summary>
public interface IMessagePublisher
{
    /// <summary>Returns once the broker has confirmed that it keeps the message: never a false success.</summary>
    /// <param name="messageId">Send a message again with the same id, and it is still handled only once.</param>
    /// <exception cref="BrokerUnavailableException">No confirmation within <see cref="MessagingOptions.PublishTimeout"/>.</exception>
    /// <exception cref="MessageTooLargeException">The payload exceeds <see cref="MessagingOptions.MaxMessageBytes"/>.</exception>
    Task PublishAsync<T>(T message, string messageId, CancellationToken cancellationToken)
        where T : class => PublishAsync(message, messageId, subject: null, cancellationToken);

    /// <summary>Sends it with a subject, by which the subscribers of a topic can choose what they get.</summary>
    /// <param name="subject">One word: ASCII letters, digits, <c>-</c> and <c>_</c>.</param>
    /// <inheritdoc cref="PublishAsync{T}(T, string, CancellationToken)"/>
    Task PublishAsync<T>(T message, string messageId, string? subject, CancellationToken cancellationToken)
        where T : class;
}
