using Acme._1.Contracts.V1;
using Acme._1.Messaging;

namespace Acme._1.Consumer;

/// <summary>Books the transport. A participant of the saga that knows nothing of the others.</summary>
public sealed class Shipping(StepLog steps, IOutbox outbox, SagaSimulation simulation)
{
    public async Task ArrangeAsync(ArrangeShipping command, CancellationToken cancellationToken)
    {
        var step = await steps.DoAsync(Participants.Shipping, command.OrderId, simulation.RefusalOfShipping(command.Sku), cancellationToken);
        if (step.Status is StepStatus.Done)
        {
            outbox.Add(new ShippingArranged(command.OrderId, command.Token));
        }
        else
        {
            outbox.Add(new ShippingRefused(command.OrderId, command.Token, step.Refusal!));
        }
    }

    public async Task CancelAsync(CancelShipping command, CancellationToken cancellationToken)
    {
        await steps.UndoAsync(Participants.Shipping, command.OrderId, cancellationToken);
        outbox.Add(new ShippingCancelled(command.OrderId, command.Token));
    }
}
