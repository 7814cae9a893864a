namespace Acme._1.Tests;

/// <summary>There is no server: the broker lives in the host.</summary>
public sealed class BrokerServer : IAsyncDisposable
{
    public string? ConnectionString { get; }

    public static Task<BrokerServer> StartAsync() => Task.FromResult(new BrokerServer());

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
