using Acme._1.Contracts;
using Acme._1.Contracts.V1;
using Acme._1.Messaging;
using MassTransit;

namespace Acme._1.Consumer;

internal sealed class StockConsumer(StockRoom stock) : IConsumer<ReserveStock>, IConsumer<ReleaseStock>
{
    public Task Consume(ConsumeContext<ReserveStock> context) => stock.ReserveAsync(context.Message, context.CancellationToken);

    public Task Consume(ConsumeContext<ReleaseStock> context) =>
        stock.ReleaseAsync(context.Message, context.GetAttempt(), context.CancellationToken);
}

internal sealed class PaymentConsumer(Payments payments) : IConsumer<ChargePayment>, IConsumer<RefundPayment>
{
    public Task Consume(ConsumeContext<ChargePayment> context) => payments.ChargeAsync(context.Message, context.CancellationToken);

    public Task Consume(ConsumeContext<RefundPayment> context) => payments.RefundAsync(context.Message, context.CancellationToken);
}

internal sealed class ShippingConsumer(Shipping shipping) : IConsumer<ArrangeShipping>, IConsumer<CancelShipping>
{
    public Task Consume(ConsumeContext<ArrangeShipping> context) => shipping.ArrangeAsync(context.Message, context.CancellationToken);

    public Task Consume(ConsumeContext<CancelShipping> context) => shipping.CancelAsync(context.Message, context.CancellationToken);
}

/// <summary>A participant has a queue of its own, and each of its commands once, in one transaction with its effects and its answer.</summary>
internal abstract class ParticipantDefinition<TConsumer> : ConsumerDefinition<TConsumer>
    where TConsumer : class, IConsumer
{
    protected ParticipantDefinition(Destination queue) => EndpointName = queue.Name;

    protected override void ConfigureConsumer(
        IReceiveEndpointConfigurator endpointConfigurator, IConsumerConfigurator<TConsumer> consumerConfigurator, IRegistrationContext context)
    {
        // Commands are sent to this queue by name. It subscribes to nothing.
        endpointConfigurator.ConfigureConsumeTopology = false;

        endpointConfigurator.UseFailurePolicy(context);
        endpointConfigurator.UseInbox(context);
    }
}

internal sealed class StockConsumerDefinition() : ParticipantDefinition<StockConsumer>(Destinations.Stock);

internal sealed class PaymentConsumerDefinition() : ParticipantDefinition<PaymentConsumer>(Destinations.Payments);

internal sealed class ShippingConsumerDefinition() : ParticipantDefinition<ShippingConsumer>(Destinations.Shipping);
