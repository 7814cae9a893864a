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

    /// <summary>Neither killed, nor dead by itself.</summary>
    public bool IsRunning => process is { HasExited: false };

    public async Task StartAsync(CancellationToken ct)
    {
        if (process is not null)
        {
            await process.DisposeAsync();
        }

        process = await start(ct);
    }

    /// <summary>SIGKILL. Does nothing if that was done before. Returns when nobody answers at its port any more.</summary>
    public async Task KillAsync()
    {
        if (process is { } running)
        {
            process = null;
            await running.KillAsync();

            // What listens may be a child of what we started, and a moment later gone than that. Whoever waits for the next one to
            // listen must not find this one.
            while (await ServerProcess.ListensAsync(port, CancellationToken.None))
            {
                await Task.Delay(10);
            }
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
