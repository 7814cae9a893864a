using Acme._1.Contracts.V2;
using Acme._1.Messaging;

namespace Acme._1.Producer;

/// <summary>Where placed orders wait to be processed.</summary>
public interface IOrderQueue
{
    /// <summary>Returns once the broker has confirmed that it keeps the order.</summary>
    /// <param name="order">The order.</param>
    /// <param name="messageId">Sent again with the same id, the order is still processed only once.</param>
    /// <param name="cancellationToken">Cancelled when the client has gone.</param>
    /// <exception cref="BrokerUnavailableException">It did not within <see cref="MessagingOptions.PublishTimeout"/>.</exception>
    /// <exception cref="MessageTooLargeException">The order exceeds <see cref="MessagingOptions.MaxMessageBytes"/>.</exception>
    Task SendAsync(OrderPlaced order, string messageId, CancellationToken cancellationToken);
}
