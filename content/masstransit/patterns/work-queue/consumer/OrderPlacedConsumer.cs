using Acme._1.Contracts;
using Acme._1.Messaging;
using MassTransit;

namespace Acme._1.Consumer;

/// <summary>Takes orders of either version from the queue to the <see cref="OrderProcessor"/>, which knows one version only.</summary>
internal sealed class OrderPlacedConsumer(OrderProcessor processor, FailureSimulation simulation, TimeProvider clock)
    : IConsumer<Contracts.V2.OrderPlaced>, IConsumer<Contracts.V1.OrderPlaced>
{
    public Task Consume(ConsumeContext<Contracts.V2.OrderPlaced> context) => ProcessAsync(context.Message, context);

    public Task Consume(ConsumeContext<Contracts.V1.OrderPlaced> context) =>
        ProcessAsync(OrderPlacedUpcaster.ToV2(context.Message, context.GetSentTime(clock)), context);

    private async Task ProcessAsync(Contracts.V2.OrderPlaced order, ConsumeContext context)
    {
        var attempt = context.GetAttempt();
        await processor.ProcessAsync(order, attempt, context.CancellationToken);

        // Last, so that what a failure must undo is already done.
        await simulation.ApplyAsync(order.Sku, attempt, context.CancellationToken);
    }
}
