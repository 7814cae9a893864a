namespace MqService.Harness.Faults.Hostile;

/// <summary>Puts messages straight on a broker, as no client of the service would.</summary>
internal interface IHostileSender : IAsyncDisposable
{
    /// <summary>The largest body that the broker takes.</summary>
    int MaxBody { get; }

    /// <returns>Whether the broker took it: what it refuses by itself does no harm.</returns>
    Task<bool> SendAsync(HostileMessage message);
}
