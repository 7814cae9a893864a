using Acme._1.Contracts.V2;
using Acme._1.Messaging;

namespace Acme._1.Consumer;

internal sealed class OrderPlacedHandler(OrderProcessor processor, FailureSimulation simulation) : IMessageHandler<OrderPlaced>
{
    public async Task HandleAsync(OrderPlaced message, MessageContext context, CancellationToken cancellationToken)
    {
        await processor.ProcessAsync(message, context.Attempt, cancellationToken);

        // Last, so that what a failure must undo is already done.
        await simulation.ApplyAsync(message.Sku, context.Attempt, cancellationToken);
    }
}
