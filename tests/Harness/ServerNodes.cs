namespace MqService.Harness;

/// <summary>What several nodes do together.</summary>
internal static class ServerNodes
{
    public static Task StartAllAsync(this IEnumerable<ServerNode> nodes, CancellationToken ct) =>
        Task.WhenAll(nodes.Where(node => !node.IsRunning).Select(node => node.StartAsync(ct)));

    /// <summary>Returns the server once this has started it. If that fails, nothing of it is left behind.</summary>
    public static async Task<T> StartedAsync<T>(this T server, Func<T, Task> start)
        where T : IAsyncDisposable
    {
        try
        {
            await start(server);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    public static Task KillAllAsync(this IEnumerable<ServerNode> nodes) => Task.WhenAll(nodes.Select(node => node.KillAsync()));

    public static async Task DisposeAllAsync(this IEnumerable<ServerNode> nodes)
    {
        foreach (var node in nodes)
        {
            await node.DisposeAsync();
        }
    }
}
