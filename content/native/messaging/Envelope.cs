namespace Acme._1.Messaging;

/// <summary>
/// A message as it travels: the attributes of CloudEvents 1.0 and the payload's bytes. In "binary mode" the attributes
/// go into headers of the broker and the bytes stay as they are, so any consumer can read them without this code.
/// </summary>
/// <param name="Id">Unique for each message, and the same each time it is sent again.</param>
/// <param name="Type">A name out of <c>MessageTypes</c>.</param>
/// <param name="Time">When it was sent.</param>
/// <param name="Data">The payload.</param>
public sealed record Envelope(string Id, string Type, DateTimeOffset Time, ReadOnlyMemory<byte> Data)
{
    /// <summary>What it is about, in one word that subscribers of a topic can choose by (CloudEvents: <c>subject</c>), or null.</summary>
    public string? Subject { get; init; }

    /// <summary>Where the answer to this request goes, in the broker's own way of addressing, or null.</summary>
    public string? ReplyTo { get; init; }

    /// <summary>Which request this message is, or answers; null if it is neither.</summary>
    public string? CorrelationId { get; init; }

    /// <summary>When nobody waits for the answer to this request any more.</summary>
    public DateTimeOffset? Expires { get; init; }

    /// <summary>The W3C trace context of the sender, or null.</summary>
    public string? TraceParent { get; init; }

    /// <summary>What happened to it before, if it is not here for the first time.</summary>
    public FailureHistory? Failures { get; init; }
}
