using Testcontainers.Kafka;

namespace Acme._1.Tests;

public sealed partial class BrokerServer
{
    // The same image as in compose.yaml.
    private const string Image = "apache/kafka:4.1.1";

    // The image may have to be pulled first.
    private static readonly TimeSpan StartTimeout = TimeSpan.FromMinutes(5);

    static partial void StartContainer(ref Task<BrokerServer>? starting) => starting = StartContainerAsync();

    private static async Task<BrokerServer> StartContainerAsync()
    {
        var container = new KafkaBuilder(Image).Build();
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
