using System.Diagnostics;
using Acme._1.Contracts;
using Acme._1.Messaging.Kafka;
using MassTransit;

namespace Acme._1.Messaging;

public static class TopicSubscription
{
    /// <summary>Feeds the endpoint's queue with the messages of a topic: those with this subject, or all.</summary>
    public static void SubscribeTo(
        this IReceiveEndpointConfigurator endpoint, IRegistrationContext _, Destination topic, string? subject = null)
    {
        // The endpoint reads its topic as it is.
        endpoint.ConfigureConsumeTopology = false;

        if (subject is not null)
        {
            endpoint.ConfigureReceive(pipe => pipe.UseFilter(new SubjectFilter(topic.Name, subject)));
        }
    }

    /// <summary>
    /// Within a topic Kafka has no routing: every group is sent every record, and whoever wants one subject passes over
    /// the others. What comes by the queue's own topic, as a retry or a replay, was chosen before.
    /// </summary>
    private sealed class SubjectFilter(string topic, string subject) : IFilter<ReceiveContext>
    {
        public Task Send(ReceiveContext context, IPipe<ReceiveContext> next)
        {
            var isWanted = context.GetPayload<KafkaConsumeContext>().Topic != topic
                || (context.TransportHeaders.TryGetHeader(KafkaHeaders.Subject, out var value) && value as string == subject);
            return isWanted ? next.Send(context) : PassOver();
        }

        private static Task PassOver()
        {
            // MassTransit has begun a span for it, which would look like that of a message that is handled.
            if (Activity.Current is { } span)
            {
                span.SetTag("messaging.operation.type", "receive");
                span.ActivityTraceFlags &= ~ActivityTraceFlags.Recorded;
            }

            return Task.CompletedTask;
        }

        public void Probe(ProbeContext context) => context.CreateFilterScope("subject");
    }
}
