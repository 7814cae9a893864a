using MassTransit;

namespace Acme._1.Messaging;

/// <summary>
/// The headers that travel beside MassTransit's envelope. They are transport headers: readable without parsing the
/// body, and changed without touching it, so a dead letter still has the very bytes that were sent.
/// </summary>
public static class HeaderNames
{
    /// <summary>The message id as its sender chose it; see <see cref="MessageIds"/>.</summary>
    public const string MessageId = "message-id";

    /// <summary>Failed attempts since the message was sent or replayed. MassTransit's own name for it.</summary>
    public const string Round = MessageHeaders.RedeliveryCount;

    public const string Attempts = "failure-attempts";
    public const string Replays = "failure-replays";
    public const string FirstFailure = "failure-first";
    public const string LastFailure = "failure-last";
    public const string Reason = "failure-reason";
}
