using Testcontainers.PostgreSql;

namespace Acme._1.Tests;

public sealed partial class StoreServer
{
    // The same image as in compose.yaml.
    private const string Image = "postgres:17.6-alpine";

    // The image may have to be pulled first.
    private static readonly TimeSpan StartTimeout = TimeSpan.FromMinutes(5);

    static partial void StartContainer(ref Task<StoreServer>? starting) => starting = StartContainerAsync();

    private static async Task<StoreServer> StartContainerAsync()
    {
        var container = new PostgreSqlBuilder(Image).Build();
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
