using Acme._1.Contracts;
using Acme._1.Contracts.V1;
using Acme._1.Messaging;
using Microsoft.Extensions.Options;
using static Acme._1.Consumer.SagaStates;
using OrderPlaced = Acme._1.Contracts.V2.OrderPlaced;

namespace Acme._1.Consumer;

/// <summary>
/// The way of an order: stock, payment, shipping, one after the other. What fails is undone in reverse order. All of it stands in
/// <see cref="Decide"/>; the rest of this class is how a step is taken. It does nothing itself: it writes down where the order
/// stands and puts the next command into the outbox, and both are committed with the message that brought it here.
/// </summary>
public sealed partial class OrderSaga(
    ISagaStore sagas, IOutbox outbox, IOptions<SagaOptions> options, TimeProvider clock, ILogger<OrderSaga> logger)
{
    /// <exception cref="OrderRejectedException">The order makes no sense, and never will.</exception>
    public async Task StartAsync(OrderPlaced order, CancellationToken cancellationToken)
    {
        if (order.Quantity < 1)
        {
            throw new OrderRejectedException($"Order {order.OrderId} is for {order.Quantity} pieces.");
        }

        // Placed again under another message id: the inbox cannot know, but it is the same order.
        if (await sagas.LoadAsync(order.OrderId, cancellationToken) is null)
        {
            var saga = new OrderSagaState(order.OrderId, order.Sku, order.Quantity, State: "", Token: 0, DueAt: null, ParkedAt: null, History: []);
            await sagas.SaveAsync(ReserveStock(saga), cancellationToken);
        }
    }

    /// <summary>A reply of a participant, a timeout, or the word of a person.</summary>
    /// <exception cref="PermanentFailureException">There is no such order.</exception>
    public async Task HandleAsync(IStepMessage message, CancellationToken cancellationToken)
    {
        var saga = await sagas.LoadAsync(message.OrderId, cancellationToken)
            ?? throw new PermanentFailureException($"there is no order {message.OrderId}");

        // A duplicate, a reply that comes after its timeout, a timeout that comes after its reply: the saga has gone on.
        if (message.Token == saga.Token && Decide(saga, message) is { } next)
        {
            await sagas.SaveAsync(next, cancellationToken);
        }
        else
        {
            LogIgnored(message.GetType().Name, message.Token, message.OrderId, saga.State, saga.Token);
        }
    }

    /// <returns>The saga after this message, or null: it does not wait for that.</returns>
    private OrderSagaState? Decide(OrderSagaState saga, IStepMessage message) => (saga.State, message) switch
    {
        (ReservingStock, StockReserved) => ChargePayment(saga),
        (ReservingStock, StockRefused refused) => Compensate(saga, refused.Reason),

        (ChargingPayment, PaymentCharged) => ArrangeShipping(saga),
        (ChargingPayment, PaymentDeclined declined) => ReleaseStock(saga, declined.Reason),

        (ArrangingShipping, ShippingArranged) => Complete(saga),
        (ArrangingShipping, ShippingRefused refused) => RefundPayment(saga, refused.Reason),

        // Without an answer nobody knows whether the step was done: so it is undone with the others.
        (ReservingStock, StepTimedOut) => ReleaseStock(saga, "the stock room did not answer in time"),
        (ChargingPayment, StepTimedOut) => RefundPayment(saga, "the payment did not answer in time"),
        (ArrangingShipping, StepTimedOut) => CancelShipping(saga, "the shipping did not answer in time"),

        (CancellingShipping, ShippingCancelled) => RefundPayment(saga),
        (RefundingPayment, PaymentRefunded) => ReleaseStock(saga),
        (ReleasingStock, StockReleased) => Compensate(saga),

        // What has to be undone cannot be given up. It waits for a person, who mends what is broken and says so, or replays the
        // dead letter: then the answer comes after all, and is taken above.
        (CancellingShipping or RefundingPayment or ReleasingStock, StepTimedOut) when saga.ParkedAt is null => Park(saga),
        (CancellingShipping, ResumeOrder) when saga.ParkedAt is not null => CancelShipping(saga, "resumed"),
        (RefundingPayment, ResumeOrder) when saga.ParkedAt is not null => RefundPayment(saga, "resumed"),
        (ReleasingStock, ResumeOrder) when saga.ParkedAt is not null => ReleaseStock(saga, "resumed"),

        _ => null,
    };

    private OrderSagaState ReserveStock(OrderSagaState saga) =>
        Step(saga, ReservingStock, null, options.Value.StepTimeout, next => new ReserveStock(next.OrderId, next.Token, next.Sku, next.Quantity));

    private OrderSagaState ChargePayment(OrderSagaState saga) =>
        Step(saga, ChargingPayment, null, options.Value.StepTimeout, next => new ChargePayment(next.OrderId, next.Token, next.Sku, next.Quantity));

    private OrderSagaState ArrangeShipping(OrderSagaState saga) =>
        Step(saga, ArrangingShipping, null, options.Value.StepTimeout, next => new ArrangeShipping(next.OrderId, next.Token, next.Sku, next.Quantity));

    private OrderSagaState CancelShipping(OrderSagaState saga, string reason) =>
        Step(saga, CancellingShipping, reason, options.Value.CompensationTimeout, next => new CancelShipping(next.OrderId, next.Token, next.Sku, next.Quantity));

    private OrderSagaState RefundPayment(OrderSagaState saga, string? reason = null) =>
        Step(saga, RefundingPayment, reason, options.Value.CompensationTimeout, next => new RefundPayment(next.OrderId, next.Token, next.Sku, next.Quantity));

    private OrderSagaState ReleaseStock(OrderSagaState saga, string? reason = null) =>
        Step(saga, ReleasingStock, reason, options.Value.CompensationTimeout, next => new ReleaseStock(next.OrderId, next.Token, next.Sku, next.Quantity));

    private OrderSagaState Complete(OrderSagaState saga)
    {
        outbox.Add(new OrderCompleted(saga.OrderId, saga.Sku, saga.Quantity, clock.GetUtcNow()));
        return Enter(saga, Completed, reason: null);
    }

    private OrderSagaState Compensate(OrderSagaState saga, string? reason = null)
    {
        // The first thing that went wrong is why the order failed.
        var why = saga.History.Select(entry => entry.Reason).Append(reason).First(entry => entry is not null)!;
        outbox.Add(new OrderCompensated(saga.OrderId, saga.Sku, saga.Quantity, why, clock.GetUtcNow()));
        return Enter(saga, Compensated, reason);
    }

    private OrderSagaState Park(OrderSagaState saga)
    {
        var now = clock.GetUtcNow();
        var reason = $"{saga.State}: no answer within {options.Value.CompensationTimeout}";
        LogParked(saga.OrderId, reason);

        // It keeps its state and its token, so an answer that comes late still counts.
        return saga with { DueAt = null, ParkedAt = now, History = [.. saga.History, new(now, Parked, saga.Token, reason)] };
    }

    /// <summary>Takes the next step: another token, a deadline and a command.</summary>
    private OrderSagaState Step<T>(OrderSagaState saga, string state, string? reason, TimeSpan patience, Func<OrderSagaState, T> command)
        where T : class
    {
        var next = Enter(saga with { Token = saga.Token + 1 }, state, reason) with { DueAt = clock.GetUtcNow() + patience };
        outbox.Add(command(next));
        return next;
    }

    private OrderSagaState Enter(OrderSagaState saga, string state, string? reason) => saga with
    {
        State = state,
        DueAt = null,
        ParkedAt = null,
        History = [.. saga.History, new(clock.GetUtcNow(), state, saga.Token, reason)],
    };

    [LoggerMessage(LogLevel.Debug, "{Message} for step {Token} of order {OrderId} is ignored: it is at {State}, step {CurrentToken}")]
    private partial void LogIgnored(string message, int token, string orderId, string state, int currentToken);

    [LoggerMessage(LogLevel.Error, "The saga of order {OrderId} waits for a person: {Reason}")]
    private partial void LogParked(string orderId, string reason);
}
