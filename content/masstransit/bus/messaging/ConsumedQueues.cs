using MassTransit;
using MassTransit.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Acme._1.Messaging;

internal static class ConsumedQueues
{
    /// <summary>The consumers of this process, by the queue that each gets its messages from.</summary>
    public static ILookup<string, IConsumerRegistration> GetConsumersByQueue(this IBusRegistrationContext context) =>
        context.GetServices<IConsumerRegistration>()
            .ToLookup(consumer => consumer.GetDefinition(context).GetEndpointName(context.EndpointNameFormatter));

    /// <summary>The queues that this process consumes.</summary>
    public static IReadOnlyList<string> GetConsumedQueues(this IBusRegistrationContext context) =>
        [.. context.GetConsumersByQueue().Select(queue => queue.Key)];
}
