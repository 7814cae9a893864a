using Acme._1.Contracts.V2;
using Acme._1.Messaging;

namespace Acme._1.Producer;

internal sealed class BrokerOrderQueue(IMessagePublisher publisher) : IOrderQueue
{
    public Task SendAsync(OrderPlaced order, string messageId, CancellationToken cancellationToken) =>
        publisher.PublishAsync(order, messageId, cancellationToken);
}
