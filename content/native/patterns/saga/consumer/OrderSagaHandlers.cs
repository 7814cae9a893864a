using Acme._1.Contracts;
using Acme._1.Contracts.V1;
using Acme._1.Messaging;
using OrderPlaced = Acme._1.Contracts.V2.OrderPlaced;

namespace Acme._1.Consumer;

/// <summary>Starts a saga for each order.</summary>
internal sealed class OrderPlacedHandler(OrderSaga saga, FailureSimulation simulation) : IMessageHandler<OrderPlaced>
{
    public async Task HandleAsync(OrderPlaced message, MessageContext context, CancellationToken cancellationToken)
    {
        await saga.StartAsync(message, cancellationToken);

        // Last, so that what a failure must undo is already done.
        await simulation.ApplyAsync(message.Sku, context.Attempt, cancellationToken);
    }
}

/// <summary>Takes whatever a saga waits for to it.</summary>
internal sealed class StepMessageHandler<T>(OrderSaga saga) : IMessageHandler<T>
    where T : class, IStepMessage
{
    public Task HandleAsync(T message, MessageContext context, CancellationToken cancellationToken) => saga.HandleAsync(message, cancellationToken);
}

internal sealed class StockHandler(StockRoom stock) : IMessageHandler<ReserveStock>, IMessageHandler<ReleaseStock>
{
    public Task HandleAsync(ReserveStock message, MessageContext context, CancellationToken cancellationToken) =>
        stock.ReserveAsync(message, cancellationToken);

    public Task HandleAsync(ReleaseStock message, MessageContext context, CancellationToken cancellationToken) =>
        stock.ReleaseAsync(message, context.Attempt, cancellationToken);
}

internal sealed class PaymentHandler(Payments payments) : IMessageHandler<ChargePayment>, IMessageHandler<RefundPayment>
{
    public Task HandleAsync(ChargePayment message, MessageContext context, CancellationToken cancellationToken) =>
        payments.ChargeAsync(message, cancellationToken);

    public Task HandleAsync(RefundPayment message, MessageContext context, CancellationToken cancellationToken) =>
        payments.RefundAsync(message, cancellationToken);
}

internal sealed class ShippingHandler(Shipping shipping) : IMessageHandler<ArrangeShipping>, IMessageHandler<CancelShipping>
{
    public Task HandleAsync(ArrangeShipping message, MessageContext context, CancellationToken cancellationToken) =>
        shipping.ArrangeAsync(message, cancellationToken);

    public Task HandleAsync(CancelShipping message, MessageContext context, CancellationToken cancellationToken) =>
        shipping.CancelAsync(message, cancellationToken);
}
