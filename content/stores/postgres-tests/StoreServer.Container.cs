using Testcontainers.PostgreSql;

namespace Acme._1.Tests;

public sealed partial class StoreServer
{
    // The same image as in compose.yaml.
    private const string Image = "postgres:17.6-alpine";

    static partial void StartContainer(ref Task<StoreServer>? starting) => starting = StartContainerAsync();

    private static async Task<StoreServer> StartContainerAsync()
    {
        var container = new PostgreSqlBuilder(Image).Build();
        await container.StartAsync();
        return new(container.GetConnectionString(), container);
    }
}
