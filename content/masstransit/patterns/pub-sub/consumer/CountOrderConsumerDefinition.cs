using Acme._1.Contracts;
using Acme._1.Messaging;
using MassTransit;

namespace Acme._1.Consumer;

/// <summary>A queue of its own, and all orders in it.</summary>
internal sealed class CountOrderConsumerDefinition : ConsumerDefinition<CountOrderConsumer>
{
    public CountOrderConsumerDefinition() => EndpointName = Subscriptions.Analytics;

    protected override void ConfigureConsumer(
        IReceiveEndpointConfigurator endpointConfigurator,
        IConsumerConfigurator<CountOrderConsumer> consumerConfigurator,
        IRegistrationContext context)
    {
        endpointConfigurator.SubscribeTo(context, Destinations.OrdersPlaced);
        endpointConfigurator.UseFailurePolicy(context);
        endpointConfigurator.UseInbox(context);
    }
}
