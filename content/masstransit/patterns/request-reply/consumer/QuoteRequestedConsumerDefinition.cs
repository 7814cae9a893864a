using Acme._1.Contracts;
using Acme._1.Messaging;
using MassTransit;

namespace Acme._1.Consumer;

/// <summary>Where the consumer gets its requests, and what happens around it.</summary>
internal sealed class QuoteRequestedConsumerDefinition : ConsumerDefinition<QuoteRequestedConsumer>
{
    public QuoteRequestedConsumerDefinition() => EndpointName = Destinations.Quotes.Name;

    protected override void ConfigureConsumer(
        IReceiveEndpointConfigurator endpointConfigurator,
        IConsumerConfigurator<QuoteRequestedConsumer> consumerConfigurator,
        IRegistrationContext context)
    {
        // Requests are sent to this queue by name. It subscribes to nothing.
        endpointConfigurator.ConfigureConsumeTopology = false;

        endpointConfigurator.UseFailurePolicy(context);
        endpointConfigurator.UseRequests(context);
    }
}
