using Testcontainers.Kafka;

namespace Acme._1.Tests;

public sealed partial class BrokerServer
{
    // The same image as in compose.yaml. Kafka 4.2 refuses the trailing comma that Testcontainers 4.15 leaves in advertised.listeners.
    private const string Image = "apache/kafka:4.1.1";

    // The image may have to be pulled first.
    private static readonly TimeSpan StartTimeout = TimeSpan.FromMinutes(5);

    static partial void StartContainer(ref Task<BrokerServer>? starting) => starting = StartContainerAsync();

    private static async Task<BrokerServer> StartContainerAsync()
    {
        // As in compose.yaml: the service creates its topics with its own settings.
        var container = new KafkaBuilder(Image).WithEnvironment("KAFKA_AUTO_CREATE_TOPICS_ENABLE", "false").Build();
        try
        {
            using var timeout = new CancellationTokenSource(StartTimeout);
            await container.StartAsync(timeout.Token);
            return new(container.GetBootstrapAddress(), container);
        }
        catch
        {
            await container.DisposeAsync();
            throw;
        }
    }
}
