namespace Acme._1.Messaging;

/// <summary>
/// The queue of one subscriber of a topic. It is a queue like any other, with retries and dead letters of its own, so
/// that the trouble of one subscriber stays its own; the topic puts a copy of each message into it.
/// </summary>
/// <param name="Queue">The subscriber's queue.</param>
/// <param name="Topic">The topic that feeds it.</param>
/// <param name="Subject">Only messages with this <see cref="Envelope.Subject"/>; null for all.</param>
public sealed record Subscription(string Queue, string Topic, string? Subject)
{
    /// <summary>Whether a message with this subject is for this subscriber.</summary>
    public bool Wants(string? subject) => Subject is null || Subject == subject;
}
