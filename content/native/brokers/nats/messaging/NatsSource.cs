namespace Acme._1.Messaging.Nats;

/// <summary>A consumer of a stream, and what a queue gets from it. All instances of a service share it: each message goes to one of them.</summary>
internal sealed record NatsSource(string Queue, NatsSourceKind Kind, string Stream, string Consumer);

internal enum NatsSourceKind
{
    /// <summary>What was sent to the queue, or published to a topic that it is subscribed to.</summary>
    Messages,

    /// <summary>What has failed and waits, and what is replayed.</summary>
    Retries,

    /// <summary>What is suspected of killing the process.</summary>
    Quarantine,
}
