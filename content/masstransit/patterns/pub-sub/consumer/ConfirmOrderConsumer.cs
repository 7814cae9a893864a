using Acme._1.Contracts;
using Acme._1.Messaging;
using MassTransit;

namespace Acme._1.Consumer;

/// <summary>The one that fails on demand; the other subscriber must not notice.</summary>
internal sealed class ConfirmOrderConsumer(OrderConfirmation confirmation, FailureSimulation simulation, TimeProvider clock)
    : IConsumer<Contracts.V2.OrderPlaced>, IConsumer<Contracts.V1.OrderPlaced>
{
    public Task Consume(ConsumeContext<Contracts.V2.OrderPlaced> context) => ConfirmAsync(context.Message, context);

    public Task Consume(ConsumeContext<Contracts.V1.OrderPlaced> context) =>
        ConfirmAsync(OrderPlacedUpcaster.ToV2(context.Message, context.GetSentTime(clock)), context);

    private async Task ConfirmAsync(Contracts.V2.OrderPlaced order, ConsumeContext context)
    {
        var attempt = context.GetAttempt();
        await confirmation.ConfirmAsync(order, attempt, context.CancellationToken);

        // Last, so that what a failure must undo is already done.
        await simulation.ApplyAsync(order.Sku, attempt, context.CancellationToken);
    }
}
