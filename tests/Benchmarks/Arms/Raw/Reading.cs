namespace MqService.Benchmarks.Arms;

/// <summary>A loop that reads until it is told to stop, and what it reads from.</summary>
internal sealed class Reading(Func<CancellationToken, Task> loop, IAsyncDisposable? connection = null) : IAsyncDisposable
{
    private readonly CancellationTokenSource stop = new();
    private Task running = Task.CompletedTask;

    public Reading Start()
    {
        running = loop(stop.Token);
        return this;
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await running;
        stop.Dispose();
        if (connection is not null)
        {
            await connection.DisposeAsync();
        }
    }
}
