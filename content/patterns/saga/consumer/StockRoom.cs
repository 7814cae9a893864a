using Acme._1.Contracts.V1;
using Acme._1.Messaging;

namespace Acme._1.Consumer;

/// <summary>Sets goods aside. A participant of the saga that knows nothing of the others.</summary>
public sealed class StockRoom(StepLog steps, IOutbox outbox, SagaSimulation simulation)
{
    public async Task ReserveAsync(ReserveStock command, CancellationToken cancellationToken)
    {
        var step = await steps.DoAsync(Participants.Stock, command.OrderId, simulation.RefusalOfStock(command.Sku), cancellationToken);
        if (step.Status is StepStatus.Done)
        {
            outbox.Add(new StockReserved(command.OrderId, command.Token));
        }
        else
        {
            outbox.Add(new StockRefused(command.OrderId, command.Token, step.Refusal!));
        }
    }

    /// <param name="command">What to undo.</param>
    /// <param name="attempt">1, 2, …</param>
    /// <param name="cancellationToken">Cancelled when the handler has taken too long.</param>
    public async Task ReleaseAsync(ReleaseStock command, int attempt, CancellationToken cancellationToken)
    {
        await steps.UndoAsync(Participants.Stock, command.OrderId, cancellationToken);
        outbox.Add(new StockReleased(command.OrderId, command.Token));

        // Last, so that what a failure must undo is already done.
        simulation.FailCompensation(command, command.Sku, attempt);
    }
}
