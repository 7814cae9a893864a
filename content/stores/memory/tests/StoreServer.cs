namespace Acme._1.Tests;

/// <summary>There is no server of its own: the store lives in the host, or in the broker.</summary>
public sealed class StoreServer : IAsyncDisposable
{
    public string? ConnectionString { get; }

    public static Task<StoreServer> StartAsync() => Task.FromResult(new StoreServer());

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
