using Acme._1.Contracts;
using MassTransit;
using MassTransit.Configuration;
using MassTransit.Transports.Fabric;

namespace Acme._1.Messaging.InMemory;

/// <summary>Makes the exchange of each topic one that looks at routing keys. The transport offers no other way to say so for all types.</summary>
internal sealed class TopicExchanges : IPublishTopologyConfigurationObserver
{
    public void MessageTopologyCreated<T>(IMessagePublishTopologyConfigurator<T> configurator)
        where T : class
    {
        if (configurator is IInMemoryMessagePublishTopologyConfigurator<T> topology
            && MessageTypes.All.Any(type => type.Json.Type == typeof(T) && type.Destination.Kind is DestinationKind.Topic))
        {
            topology.ExchangeType = ExchangeType.Topic;
        }
    }
}
