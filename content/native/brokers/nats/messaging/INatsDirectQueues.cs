using NATS.Client.Core;

namespace Acme._1.Messaging.Nats;

/// <summary>
/// The queues, if there are any, that no stream keeps: what is sent to them goes straight to one of those who listen.
/// Only their dead letters are kept.
/// </summary>
internal interface INatsDirectQueues
{
    bool Contains(string queue);

    /// <summary>How many of its messages this process handles, and how many wait here for their next attempt.</summary>
    (int InFlight, int Retrying) Count(string queue);

    /// <summary>Returns once somebody who listens has it.</summary>
    /// <exception cref="BrokerUnavailableException">Nobody listens.</exception>
    Task SendAsync(INatsConnection connection, string queue, NatsHeaders headers, ReadOnlyMemory<byte> body, CancellationToken cancellationToken);
}
