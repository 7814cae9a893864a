using Testcontainers.Redis;

namespace Acme._1.Tests;

public sealed partial class BrokerServer
{
    // The same image as in compose.yaml.
    private const string Image = "redis:8.2.2-alpine";

    // The image may have to be pulled first.
    private static readonly TimeSpan StartTimeout = TimeSpan.FromMinutes(5);

    static partial void StartContainer(ref Task<BrokerServer>? starting) => starting = StartContainerAsync();

    private static async Task<BrokerServer> StartContainerAsync()
    {
        // As in compose.yaml, but without waiting for the disk.
        var container = new RedisBuilder(Image).WithCommand("redis-server", "--appendonly", "yes", "--appendfsync", "no").Build();
        try
        {
            using var timeout = new CancellationTokenSource(StartTimeout);
            await container.StartAsync(timeout.Token);
            return new(container.GetConnectionString(), container);
        }
        catch
        {
            await container.DisposeAsync();
            throw;
        }
    }
}
