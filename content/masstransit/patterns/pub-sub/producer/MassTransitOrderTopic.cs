using Acme._1.Contracts.V2;
using Acme._1.Messaging;

namespace Acme._1.Producer;

internal sealed class MassTransitOrderTopic(ConfirmedPublisher publisher) : IOrderTopic
{
    public Task PublishAsync(OrderPlaced order, string messageId, CancellationToken cancellationToken) =>
        publisher.PublishAsync(order, messageId, subject: order.Region, cancellationToken);
}
