using Acme._1.Contracts;
using Acme._1.Contracts.V1;
using Acme._1.Messaging;
using MassTransit;
using Microsoft.Extensions.Options;

namespace Acme._1.Consumer;

/// <summary>
/// The saga of an order: reserve the stock, charge the payment, arrange the shipping, and undo in reverse what was done when a step
/// fails. The constructor is all of it. What is published here leaves with the state, or not at all.
/// </summary>
public sealed partial class OrderStateMachine : MassTransitStateMachine<OrderState>
{
    private readonly FailureSimulation _simulation;
    private readonly TimeProvider _clock;
    private readonly ILogger<OrderStateMachine> _logger;

    public OrderStateMachine(IOptions<SagaOptions> options, FailureSimulation simulation, TimeProvider clock, ILogger<OrderStateMachine> logger)
    {
        (_simulation, _clock, _logger) = (simulation, clock, logger);
        var (stepTimeout, compensationTimeout) = (options.Value.StepTimeout, options.Value.CompensationTimeout);

        InstanceState(saga => saga.CurrentState);

        Event(() => OrderPlaced, order => order.CorrelateById(context => MessageIds.ToGuid(context.Message.OrderId)));
        Event(() => OrderPlacedV1, order => order.CorrelateById(context => MessageIds.ToGuid(context.Message.OrderId)));
        Event(() => StockReserved, Correlate);
        Event(() => StockRefused, Correlate);
        Event(() => StockReleased, Correlate);
        Event(() => PaymentCharged, Correlate);
        Event(() => PaymentDeclined, Correlate);
        Event(() => PaymentRefunded, Correlate);
        Event(() => ShippingArranged, Correlate);
        Event(() => ShippingRefused, Correlate);
        Event(() => ShippingCancelled, Correlate);
        Event(() => StepTimedOut, Correlate);
        Event(() => ResumeOrder, Correlate);

        var reserveStock = Step(ReservingStock, stepTimeout, saga => new ReserveStock(saga.OrderId, saga.Token, saga.Sku, saga.Quantity));
        var chargePayment = Step(ChargingPayment, stepTimeout, saga => new ChargePayment(saga.OrderId, saga.Token, saga.Sku, saga.Quantity));
        var arrangeShipping = Step(ArrangingShipping, stepTimeout, saga => new ArrangeShipping(saga.OrderId, saga.Token, saga.Sku, saga.Quantity));
        var cancelShipping = Step(CancellingShipping, compensationTimeout, saga => new CancelShipping(saga.OrderId, saga.Token, saga.Sku, saga.Quantity));
        var refundPayment = Step(RefundingPayment, compensationTimeout, saga => new RefundPayment(saga.OrderId, saga.Token, saga.Sku, saga.Quantity));
        var releaseStock = Step(ReleasingStock, compensationTimeout, saga => new ReleaseStock(saga.OrderId, saga.Token, saga.Sku, saga.Quantity));

        Initially(
            When(OrderPlaced).Then(context => Start(context.Saga, context.Message)).Take(reserveStock).ThenAsync(SimulateFailureAsync),
            When(OrderPlacedV1).Then(context => Start(context.Saga, ToV2(context))).Take(reserveStock).ThenAsync(SimulateFailureAsync));

        During(ReservingStock,
            When(StockReserved, IsCurrent).Take(chargePayment),
            Compensate(When(StockRefused, IsCurrent), refused => refused.Reason),
            When(StepTimedOut, IsCurrent).Take(releaseStock, _ => "the stock room did not answer in time"));

        During(ChargingPayment,
            When(PaymentCharged, IsCurrent).Take(arrangeShipping),
            When(PaymentDeclined, IsCurrent).Take(releaseStock, declined => declined.Reason),
            When(StepTimedOut, IsCurrent).Take(refundPayment, _ => "the payment did not answer in time"));

        // Without an answer nobody knows whether the step was done: so it is undone with the others.
        During(ArrangingShipping,
            Complete(When(ShippingArranged, IsCurrent)),
            When(ShippingRefused, IsCurrent).Take(refundPayment, refused => refused.Reason),
            When(StepTimedOut, IsCurrent).Take(cancelShipping, _ => "the shipping did not answer in time"));

        During(CancellingShipping,
            When(ShippingCancelled, IsCurrent).Take(refundPayment),
            When(ResumeOrder, IsParked).Take(cancelShipping, _ => "resumed"));

        During(RefundingPayment,
            When(PaymentRefunded, IsCurrent).Take(releaseStock),
            When(ResumeOrder, IsParked).Take(refundPayment, _ => "resumed"));

        During(ReleasingStock,
            Compensate(When(StockReleased, IsCurrent)),
            When(ResumeOrder, IsParked).Take(releaseStock, _ => "resumed"));

        // What has to be undone cannot be given up. It waits for a person, who mends what is broken and says so, or replays the
        // dead letter: then the answer comes after all, and is taken above.
        During([CancellingShipping, RefundingPayment, ReleasingStock],
            When(StepTimedOut, context => IsCurrent(context) && context.Saga.ParkedAt is null).Then(context => Park(context.Saga, compensationTimeout)));

        // Placed again under another message id, answered twice, or too late: the saga has gone on.
        OnUnhandledEvent(context =>
        {
            LogUnexpected(context.Event.Name, context.Saga.OrderId, context.Saga.CurrentState);
            return context.Ignore();
        });
    }

    public State ReservingStock { get; } = null!;

    public State ChargingPayment { get; } = null!;

    public State ArrangingShipping { get; } = null!;

    public State CancellingShipping { get; } = null!;

    public State RefundingPayment { get; } = null!;

    public State ReleasingStock { get; } = null!;

    public State Completed { get; } = null!;

    public State Compensated { get; } = null!;

    public Event<Contracts.V2.OrderPlaced> OrderPlaced { get; } = null!;

    public Event<OrderPlaced> OrderPlacedV1 { get; } = null!;

    public Event<StockReserved> StockReserved { get; } = null!;

    public Event<StockRefused> StockRefused { get; } = null!;

    public Event<StockReleased> StockReleased { get; } = null!;

    public Event<PaymentCharged> PaymentCharged { get; } = null!;

    public Event<PaymentDeclined> PaymentDeclined { get; } = null!;

    public Event<PaymentRefunded> PaymentRefunded { get; } = null!;

    public Event<ShippingArranged> ShippingArranged { get; } = null!;

    public Event<ShippingRefused> ShippingRefused { get; } = null!;

    public Event<ShippingCancelled> ShippingCancelled { get; } = null!;

    public Event<StepTimedOut> StepTimedOut { get; } = null!;

    public Event<ResumeOrder> ResumeOrder { get; } = null!;

    private static void Correlate<T>(IEventCorrelationConfigurator<OrderState, T> message)
        where T : class, IStepMessage
    {
        message.CorrelateById(context => MessageIds.ToGuid(context.Message.OrderId));
        message.OnMissingInstance(missing => missing.Execute(context =>
            throw new PermanentFailureException($"there is no order {context.Message.OrderId}")));
    }

    private static void Start(OrderState saga, Contracts.V2.OrderPlaced order)
    {
        if (order.Quantity < 1)
        {
            throw new OrderRejectedException($"Order {order.OrderId} is for {order.Quantity} pieces.");
        }

        (saga.OrderId, saga.Sku, saga.Quantity) = (order.OrderId, order.Sku, order.Quantity);
    }

    private OrderStep<T> Step<T>(State state, TimeSpan patience, Func<OrderState, T> command)
        where T : class => new(state, patience, command, _clock);

    private EventActivityBinder<OrderState, T> Complete<T>(EventActivityBinder<OrderState, T> when)
        where T : class =>
        when.Then(context => context.Saga.Enter(SagaStates.Completed, reason: null, _clock.GetUtcNow()))
            .Publish(context => new OrderCompleted(context.Saga.OrderId, context.Saga.Sku, context.Saga.Quantity, _clock.GetUtcNow()))
            .TransitionTo(Completed);

    private EventActivityBinder<OrderState, T> Compensate<T>(EventActivityBinder<OrderState, T> when, Func<T, string>? reason = null)
        where T : class =>
        when.Then(context => context.Saga.Enter(SagaStates.Compensated, reason?.Invoke(context.Message), _clock.GetUtcNow()))
            .Publish(context => new OrderCompensated(
                context.Saga.OrderId,
                context.Saga.Sku,
                context.Saga.Quantity,

                // The first thing that went wrong is why the order failed.
                context.Saga.History.First(entry => entry.Reason is not null).Reason!,
                _clock.GetUtcNow()))
            .TransitionTo(Compensated);

    private void Park(OrderState saga, TimeSpan patience)
    {
        saga.Park($"{saga.CurrentState}: no answer within {patience}", _clock.GetUtcNow());
        LogParked(saga.OrderId, saga.History[^1].Reason!);
    }

    /// <summary>False for a duplicate, a reply that comes after its timeout, and a timeout that comes after its reply.</summary>
    private bool IsCurrent<T>(BehaviorContext<OrderState, T> context)
        where T : class, IStepMessage
    {
        if (context.Message.Token == context.Saga.Token)
        {
            return true;
        }

        LogStale(context.Event.Name, context.Message.Token, context.Saga.OrderId, context.Saga.CurrentState, context.Saga.Token);
        return false;
    }

    private bool IsParked<T>(BehaviorContext<OrderState, T> context)
        where T : class, IStepMessage => IsCurrent(context) && context.Saga.ParkedAt is not null;

    private Contracts.V2.OrderPlaced ToV2(BehaviorContext<OrderState, OrderPlaced> context) =>
        OrderPlacedUpcaster.ToV2(context.Message, context.GetSentTime(_clock));

    // Last, so that what a failure must undo is already done.
    private Task SimulateFailureAsync<T>(BehaviorContext<OrderState, T> context)
        where T : class => _simulation.ApplyAsync(context.Saga.Sku, context.GetAttempt(), context.CancellationToken);

    [LoggerMessage(LogLevel.Debug, "{Message} is ignored: order {OrderId} is at {State}")]
    private partial void LogUnexpected(string message, string orderId, string state);

    [LoggerMessage(LogLevel.Debug, "{Message} for step {Token} of order {OrderId} is ignored: it is at {State}, step {CurrentToken}")]
    private partial void LogStale(string message, int token, string orderId, string state, int currentToken);

    [LoggerMessage(LogLevel.Error, "The saga of order {OrderId} waits for a person: {Reason}")]
    private partial void LogParked(string orderId, string reason);
}
