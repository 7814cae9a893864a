using Testcontainers.RabbitMq;

namespace Acme._1.Tests;

public sealed partial class BrokerServer
{
    // The same image as in compose.yaml.
    private const string Image = "rabbitmq:4.1.4-management-alpine";

    static partial void StartContainer(ref Task<BrokerServer>? starting) => starting = StartContainerAsync();

    private static async Task<BrokerServer> StartContainerAsync()
    {
        var container = new RabbitMqBuilder(Image).Build();
        await container.StartAsync();
        return new(container.GetConnectionString(), container);
    }
}
