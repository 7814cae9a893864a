using Testcontainers.Nats;

namespace Acme._1.Tests;

public sealed partial class BrokerServer
{
    // The same image as in compose.yaml.
    private const string Image = "nats:2.12.1-alpine";

    static partial void StartContainer(ref Task<BrokerServer>? starting) => starting = StartContainerAsync();

    private static async Task<BrokerServer> StartContainerAsync()
    {
        var container = new NatsBuilder(Image).Build();
        await container.StartAsync();
        return new(container.GetConnectionString(), container);
    }
}
