using Acme._1.Contracts;
using MassTransit;
using MassTransit.Configuration;

namespace Acme._1.Messaging;

internal static class ConsumedTopics
{
    /// <summary>The consumers of this process, by the queue that each gets its messages from.</summary>
    public static ILookup<string, IConsumerRegistration> GetConsumersByQueue(this IRiderRegistrationContext context) =>
        context.GetRegistrations<IConsumerRegistration>()
            .ToLookup(consumer => consumer.GetDefinition(context).GetEndpointName(DefaultEndpointNameFormatter.Instance));

    /// <summary>The topics that the consumer subscribes to, by the messages that it consumes.</summary>
    public static IEnumerable<string> GetTopics(this IConsumerRegistration consumer) =>
        from contract in consumer.Type.GetInterfaces()
        where contract.IsGenericType && contract.GetGenericTypeDefinition() == typeof(IConsumer<>)
        let destination = MessageTypes.Of(contract.GetGenericArguments()[0]).Destination
        where destination.Kind is DestinationKind.Topic
        select destination.Name;
}
