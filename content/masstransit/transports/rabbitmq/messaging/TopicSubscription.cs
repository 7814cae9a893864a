using Acme._1.Contracts;
using Acme._1.Messaging.RabbitMq;
using MassTransit;
using RabbitMQ.Client;

namespace Acme._1.Messaging;

public static class TopicSubscription
{
    private const string Everything = "#";

    /// <summary>Feeds the endpoint's queue with the messages of a topic: those with this subject, or all. RabbitMQ does the choosing.</summary>
    public static void SubscribeTo(
        this IReceiveEndpointConfigurator endpoint, IRegistrationContext _, Destination topic, string? subject = null)
    {
        // MassTransit would bind the queue to all that its consumers can read, whatever the subject.
        endpoint.ConfigureConsumeTopology = false;

        // Into the quarantine comes only what is set aside.
        var queue = endpoint.InputAddress.Segments[^1];
        if (queue == RabbitMqQueues.WorkQueueOf(queue))
        {
            ((IRabbitMqReceiveEndpointConfigurator)endpoint).Bind(topic.Name, binding =>
            {
                binding.ExchangeType = ExchangeType.Topic;
                binding.RoutingKey = subject ?? Everything;
            });
        }
    }
}
