using Acme._1.Contracts;

namespace Acme._1.Tests;

/// <summary>
/// The broker as seen from outside: sends what no well-behaved producer would send, and listens to what this service
/// publishes.
/// </summary>
public interface IWire : IAsyncDisposable
{
    /// <summary>A message as this service's producers write it; without an id or a type if that is null.</summary>
    WireMessage Encode(string? type, string? messageId, ReadOnlyMemory<byte> payload, string? subject = null);

    /// <summary>Puts just these headers and bytes on a queue or a topic.</summary>
    Task SendAsync(Destination destination, WireMessage message, CancellationToken cancellationToken);

    /// <summary>Calls back for each <typeparamref name="T"/> that is published from now on.</summary>
    Task<IAsyncDisposable> ObserveAsync<T>(Action<T> observer, CancellationToken cancellationToken)
        where T : class;
}

/// <param name="Headers">The headers.</param>
/// <param name="Body">The bytes.</param>
/// <param name="Subject">What subscribers of a topic choose by.</param>
public sealed record WireMessage(IReadOnlyDictionary<string, string> Headers, byte[] Body, string? Subject = null);
