using Acme._1.Contracts.V2;
using Acme._1.Messaging;

namespace Acme._1.Consumer;

/// <summary>The one that fails on demand; the other subscriber must not notice.</summary>
internal sealed class ConfirmOrderHandler(OrderConfirmation confirmation, FailureSimulation simulation) : IMessageHandler<OrderPlaced>
{
    public async Task HandleAsync(OrderPlaced message, MessageContext context, CancellationToken cancellationToken)
    {
        await confirmation.ConfirmAsync(message, context.Attempt, cancellationToken);

        // Last, so that what a failure must undo is already done.
        await simulation.ApplyAsync(message.Sku, context.Attempt, cancellationToken);
    }
}
