namespace MqService.Harness;

/// <summary>A server, or one of several that belong together, that can be killed and started again.</summary>
/// <param name="name">What the others call it.</param>
/// <param name="port">Where it listens.</param>
/// <param name="start">Starts it, on the data that it left; returns when it accepts connections.</param>
internal sealed class ServerNode(string name, int port, Func<CancellationToken, Task<ServerProcess>> start) : IAsyncDisposable
{
    private ServerProcess? process;

    public string Name => name;

    public int Port => port;

    public bool IsRunning => process is not null;

    public async Task StartAsync(CancellationToken ct) => process = await start(ct);

    /// <summary>SIGKILL. Does nothing if that was done before.</summary>
    public async Task KillAsync()
    {
        if (process is { } running)
        {
            process = null;
            await running.KillAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (process is not null)
        {
            await process.DisposeAsync();
        }
    }
}
