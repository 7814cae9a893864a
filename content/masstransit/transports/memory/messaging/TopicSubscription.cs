using Acme._1.Contracts;
using Acme._1.Messaging.InMemory;
using MassTransit;
using MassTransit.Transports.Fabric;
using Microsoft.Extensions.DependencyInjection;

namespace Acme._1.Messaging;

public static class TopicSubscription
{
    private const string Everything = "#";

    /// <summary>Feeds the endpoint's queue with the messages of a topic: those with this subject, or all. The transport does the choosing.</summary>
    public static void SubscribeTo(
        this IReceiveEndpointConfigurator endpoint, IRegistrationContext context, Destination topic, string? subject = null)
    {
        // MassTransit would bind the queue to all that its consumers can read, whatever the subject.
        endpoint.ConfigureConsumeTopology = false;

        ((IInMemoryReceiveEndpointConfigurator)endpoint).Bind(topic.Name, ExchangeType.Topic, subject ?? Everything);
        context.GetRequiredService<InMemoryQueueDepth>().Subscribe(endpoint.InputAddress.Segments[^1], topic.Name, subject);
    }
}
