using Acme._1.Contracts.V1;

namespace Acme._1.Tests;

/// <summary>
/// The broker as seen from outside: puts on the queue what no well-behaved producer would send, and listens to what
/// this service publishes.
/// </summary>
public interface IWire : IAsyncDisposable
{
    /// <summary>A message as this service's producers write it; without an id or a type if that is null.</summary>
    WireMessage Encode(string? type, string? messageId, ReadOnlyMemory<byte> payload);

    /// <summary>Puts just these headers and bytes on the queue of orders.</summary>
    Task SendAsync(WireMessage message, CancellationToken cancellationToken);

    /// <summary>Calls back for each OrderProcessed from now on.</summary>
    Task<IAsyncDisposable> ObserveProcessedAsync(Action<OrderProcessed> observer, CancellationToken cancellationToken);
}

public sealed record WireMessage(IReadOnlyDictionary<string, string> Headers, byte[] Body);
