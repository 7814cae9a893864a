using Acme._1.Contracts;
using Acme._1.Contracts.V1;
using Acme._1.Messaging;

namespace Acme._1.Consumer;

public static class OrderSagaExtensions
{
    /// <summary>Adds the saga, and its participants: each of them has its own queue, and could be a service of its own.</summary>
    public static void AddOrderSaga(this IHostApplicationBuilder builder)
    {
        builder.AddSagaParts();
        builder.Services.AddScoped<OrderSaga>();
        builder.Services.AddScoped<ISagaReader, SagaReader>();
        builder.Services.AddScoped<ISagaTimeouts, SagaTimeouts>();

        builder.AddMessaging()
            .Handle<Contracts.V2.OrderPlaced, OrderPlacedHandler>()
            .Upcast<OrderPlaced, Contracts.V2.OrderPlaced>(OrderPlacedUpcaster.ToV2)
            .NeverRetry<OrderRejectedException>()

            .Handle<StockReserved, StepMessageHandler<StockReserved>>()
            .Handle<StockRefused, StepMessageHandler<StockRefused>>()
            .Handle<StockReleased, StepMessageHandler<StockReleased>>()
            .Handle<PaymentCharged, StepMessageHandler<PaymentCharged>>()
            .Handle<PaymentDeclined, StepMessageHandler<PaymentDeclined>>()
            .Handle<PaymentRefunded, StepMessageHandler<PaymentRefunded>>()
            .Handle<ShippingArranged, StepMessageHandler<ShippingArranged>>()
            .Handle<ShippingRefused, StepMessageHandler<ShippingRefused>>()
            .Handle<ShippingCancelled, StepMessageHandler<ShippingCancelled>>()
            .Handle<StepTimedOut, StepMessageHandler<StepTimedOut>>()
            .Handle<ResumeOrder, StepMessageHandler<ResumeOrder>>()

            .Handle<ReserveStock, StockHandler>()
            .Handle<ReleaseStock, StockHandler>()
            .Handle<ChargePayment, PaymentHandler>()
            .Handle<RefundPayment, PaymentHandler>()
            .Handle<ArrangeShipping, ShippingHandler>()
            .Handle<CancelShipping, ShippingHandler>();
    }
}
