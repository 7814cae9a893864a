namespace MqService.Harness;

/// <summary>A server of our own that can be taken down the hard way, and comes back on the same data and address.</summary>
public interface IServer : IAsyncDisposable
{
    /// <summary>SIGKILL.</summary>
    Task KillAsync();

    /// <summary>Starts it again, after <see cref="KillAsync"/> or when it has died by itself; returns when it accepts connections.</summary>
    Task RestartAsync(CancellationToken ct = default);
}
