using Acme._1.Contracts;
using Acme._1.Messaging;
using MassTransit;

namespace Acme._1.Consumer;

/// <summary>A queue of its own, and one region's orders in it.</summary>
internal sealed class ConfirmOrderConsumerDefinition : ConsumerDefinition<ConfirmOrderConsumer>
{
    public ConfirmOrderConsumerDefinition() => EndpointName = Subscriptions.Emails;

    protected override void ConfigureConsumer(
        IReceiveEndpointConfigurator endpointConfigurator,
        IConsumerConfigurator<ConfirmOrderConsumer> consumerConfigurator,
        IRegistrationContext context)
    {
        endpointConfigurator.SubscribeTo(context, Destinations.OrdersPlaced, Subscriptions.EmailsRegion);
        endpointConfigurator.UseFailurePolicy(context, failures => failures.Ignore<OrderRejectedException>());
        endpointConfigurator.UseInbox(context);
    }
}
