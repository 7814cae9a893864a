using System.Reflection;

namespace MqService.Benchmarks.Arms;

internal static class Clients
{
    private static readonly string[] Names = ["RabbitMQ.Client", "NATS.Client.Core", "StackExchange.Redis", "Confluent.Kafka"];

    /// <summary>The broker's client that this assembly was built with.</summary>
    public static Assembly FindReferenced(Assembly user) =>
        Assembly.Load(user.GetReferencedAssemblies().First(reference => Names.Contains(reference.Name)));
}
