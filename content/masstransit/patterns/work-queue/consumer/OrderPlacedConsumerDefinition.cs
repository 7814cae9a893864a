using Acme._1.Contracts;
using Acme._1.Messaging;
using MassTransit;

namespace Acme._1.Consumer;

/// <summary>Where the consumer gets its messages, and what happens around it.</summary>
internal sealed class OrderPlacedConsumerDefinition : ConsumerDefinition<OrderPlacedConsumer>
{
    public OrderPlacedConsumerDefinition() => EndpointName = Destinations.Orders.Name;

    protected override void ConfigureConsumer(
        IReceiveEndpointConfigurator endpointConfigurator,
        IConsumerConfigurator<OrderPlacedConsumer> consumerConfigurator,
        IRegistrationContext context)
    {
        // Orders are sent to this queue by name. It subscribes to nothing.
        endpointConfigurator.ConfigureConsumeTopology = false;

        endpointConfigurator.UseFailurePolicy(context, failures => failures.Ignore<OrderRejectedException>());
        endpointConfigurator.UseInbox(context);
    }
}
