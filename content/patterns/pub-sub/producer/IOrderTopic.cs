using Acme._1.Contracts.V2;
using Acme._1.Messaging;

namespace Acme._1.Producer;

/// <summary>Where everyone who wants to know learns of placed orders. Who that is, the producer does not know.</summary>
public interface IOrderTopic
{
    /// <summary>Returns once the broker has confirmed the message for all who have subscribed.</summary>
    /// <param name="order">The order.</param>
    /// <param name="messageId">Published again with the same id, the order is still handled only once by each subscriber.</param>
    /// <param name="cancellationToken">Cancelled when the client has gone.</param>
    /// <exception cref="BrokerUnavailableException">It did not within <see cref="MessagingOptions.PublishTimeout"/>.</exception>
    /// <exception cref="MessageTooLargeException">The order exceeds <see cref="MessagingOptions.MaxMessageBytes"/>.</exception>
    Task PublishAsync(OrderPlaced order, string messageId, CancellationToken cancellationToken);
}
