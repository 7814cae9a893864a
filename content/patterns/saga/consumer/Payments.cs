using Acme._1.Contracts.V1;
using Acme._1.Messaging;

namespace Acme._1.Consumer;

/// <summary>Takes the money. A participant of the saga that knows nothing of the others.</summary>
public sealed class Payments(StepLog steps, IOutbox outbox, SagaSimulation simulation)
{
    public async Task ChargeAsync(ChargePayment command, CancellationToken cancellationToken)
    {
        await simulation.DelayPaymentAsync(command.Sku, cancellationToken);
        var step = await steps.DoAsync(Participants.Payments, command.OrderId, simulation.RefusalOfPayment(command.Sku), cancellationToken);
        if (step.Status is StepStatus.Done)
        {
            outbox.Add(new PaymentCharged(command.OrderId, command.Token));
        }
        else
        {
            outbox.Add(new PaymentDeclined(command.OrderId, command.Token, step.Refusal!));
        }
    }

    public async Task RefundAsync(RefundPayment command, CancellationToken cancellationToken)
    {
        await steps.UndoAsync(Participants.Payments, command.OrderId, cancellationToken);
        outbox.Add(new PaymentRefunded(command.OrderId, command.Token));
    }
}
