using MassTransit;
using MassTransit.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Acme._1.Messaging;

/// <summary>A queue, and who handles what is in it.</summary>
/// <param name="Name">The queue.</param>
/// <param name="Configure">Puts the handlers on a receive endpoint: that of the queue, or of another that takes its messages over.</param>
public sealed record HandledQueue(string Name, Action<IReceiveEndpointConfigurator, IRegistrationContext> Configure);

public static class ConsumedQueues
{
    /// <summary>
    /// Adds a queue whose handlers are no consumers, or have more than this one queue: a state machine, usually, whose registration
    /// in MassTransit knows one endpoint only.
    /// </summary>
    public static void AddQueue(this IBusRegistrationConfigurator bus, HandledQueue queue) => bus.AddSingleton(queue);

    /// <summary>The queues that were added like this.</summary>
    internal static IEnumerable<HandledQueue> GetAddedQueues(this IBusRegistrationContext context) => context.GetServices<HandledQueue>();

    /// <summary>All queues that this process handles: these, and those that the consumers name in their definitions.</summary>
    internal static IReadOnlyList<HandledQueue> GetHandledQueues(this IBusRegistrationContext context) =>
    [
        .. context.GetServices<IConsumerRegistration>()
            .GroupBy(consumer => consumer.GetDefinition(context).GetEndpointName(context.EndpointNameFormatter))
            .Select(consumers => new HandledQueue(consumers.Key, (endpoint, registrations) =>
            {
                foreach (var consumer in consumers)
                {
                    registrations.ConfigureConsumer(consumer.Type, endpoint);
                }
            })),
        .. context.GetAddedQueues(),
    ];

    /// <summary>Their names.</summary>
    internal static IReadOnlyList<string> GetConsumedQueues(this IBusRegistrationContext context) =>
        [.. context.GetHandledQueues().Select(queue => queue.Name)];
}
