using Acme._1.Contracts.V2;
using Acme._1.Messaging;

namespace Acme._1.Consumer;

internal sealed class CountOrderHandler(OrderAnalytics analytics) : IMessageHandler<OrderPlaced>
{
    public Task HandleAsync(OrderPlaced message, MessageContext context, CancellationToken cancellationToken) =>
        analytics.CountAsync(message, context.Attempt, cancellationToken);
}
