namespace MqService.Benchmarks.Arms;

/// <summary>A host that was started. Disposing of it stops it first, as a service does that is told to end.</summary>
internal sealed class RunningHost : IAsyncDisposable
{
    private readonly IHost host;

    private RunningHost(IHost host) => this.host = host;

    public IServiceProvider Services => host.Services;

    public static async Task<RunningHost> StartAsync(HostApplicationBuilder builder)
    {
        var host = builder.Build();
        await host.StartAsync();
        return new(host);
    }

    public async ValueTask DisposeAsync()
    {
        await host.StopAsync();

        // Some services can be disposed of asynchronously only.
        await ((IAsyncDisposable)host).DisposeAsync();
    }
}
