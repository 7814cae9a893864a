namespace Acme._1.Messaging;

/// <summary>
/// The headers that carry the envelope. The first group is CloudEvents' (in the AMQP binding's spelling, which every
/// broker accepts), the second W3C Trace Context's, the others are ours.
/// </summary>
public static class HeaderNames
{
    public const string SpecVersion = "cloudEvents_specversion";
    public const string Id = "cloudEvents_id";
    public const string Type = "cloudEvents_type";
    public const string Source = "cloudEvents_source";
    public const string Time = "cloudEvents_time";
    public const string Subject = "cloudEvents_subject";

    public const string TraceParent = "traceparent";

    public const string ReplyTo = "reply-to";
    public const string CorrelationId = "correlation-id";
    public const string Expires = "expires";

    public const string Attempts = "failure-attempts";
    public const string Round = "failure-round";
    public const string Replays = "failure-replays";
    public const string FirstFailure = "failure-first";
    public const string LastFailure = "failure-last";
    public const string Reason = "failure-reason";
}
