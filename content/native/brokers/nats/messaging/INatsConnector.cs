using NATS.Client.JetStream;

namespace Acme._1.Messaging.Nats;

/// <summary>The one connection of the process, for what else it keeps in NATS.</summary>
public interface INatsConnector
{
    /// <summary>Why there is no connection now, or null.</summary>
    string? Problem { get; }

    /// <summary>The JetStream at its other end, as soon as there is one.</summary>
    Task<INatsJSContext> GetJetStreamAsync(CancellationToken cancellationToken);
}
