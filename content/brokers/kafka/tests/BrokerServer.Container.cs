using Testcontainers.Kafka;

namespace Acme._1.Tests;

public sealed partial class BrokerServer
{
    // The same image as in compose.yaml.
    private const string Image = "apache/kafka:4.1.1";

    static partial void StartContainer(ref Task<BrokerServer>? starting) => starting = StartContainerAsync();

    private static async Task<BrokerServer> StartContainerAsync()
    {
        var container = new KafkaBuilder(Image).Build();
        await container.StartAsync();
        return new(container.GetBootstrapAddress(), container);
    }
}
