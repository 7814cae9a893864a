using Confluent.Kafka;
using MassTransit;
using Microsoft.Extensions.Logging;

namespace Acme._1.Messaging.Kafka;

/// <summary>
/// Tells an endpoint which servers it may begin with. The rider gives up all consumers of an endpoint when one of them fails to
/// connect, and each of them begins with any of the servers it is told of: with a dead one among them, hardly ever do all succeed.
/// </summary>
internal sealed partial class KafkaServers(IAdminClient admin, string topic, ConsumerConfig settings, ILogger<KafkaServers> logger)
    : IReceiveEndpointObserver
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(3);

    public Task Ready(ReceiveEndpointReady ready) => Task.CompletedTask;

    public Task Stopping(ReceiveEndpointStopping stopping) => Task.CompletedTask;

    public Task Completed(ReceiveEndpointCompleted completed) => FindAsync();

    public Task Faulted(ReceiveEndpointFaulted faulted) => FindAsync();

    /// <summary>The rider reads the settings whenever it makes a consumer, and waits for this before it does.</summary>
    private async Task FindAsync()
    {
        try
        {
            var metadata = await Task.Run(() => admin.GetMetadata(topic, Timeout));
            settings.BootstrapServers = string.Join(',', metadata.Brokers.Select(AddressOf));
        }
        catch (KafkaException exception)
        {
            // No server answers: any of them may be the first to come back.
            LogNotFound(exception);
        }
    }

    private static string AddressOf(BrokerMetadata broker) =>
        broker.Host.Contains(':', StringComparison.Ordinal) ? $"[{broker.Host}]:{broker.Port}" : $"{broker.Host}:{broker.Port}";

    [LoggerMessage(LogLevel.Debug, "It is not known which servers are alive")]
    private partial void LogNotFound(Exception exception);
}
