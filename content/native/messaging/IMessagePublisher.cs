namespace Acme._1.Messaging;

/// <summary>Sends messages, each to the destination that <c>MessageTypes</c> names for it.</summary>
public interface IMessagePublisher
{
    /// <summary>Returns once the broker has confirmed that it keeps the message: never a false success.</summary>
    /// <param name="messageId">Send a message again with the same id, and it is still handled only once.</param>
    /// <exception cref="BrokerUnavailableException">No confirmation within <see cref="MessagingOptions.PublishTimeout"/>.</exception>
    /// <exception cref="MessageTooLargeException">The payload exceeds <see cref="MessagingOptions.MaxMessageBytes"/>.</exception>
    Task PublishAsync<T>(T message, string messageId, CancellationToken cancellationToken)
        where T : class;
}
