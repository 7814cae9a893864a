using System.ComponentModel.DataAnnotations;

namespace Acme._1.Messaging;

/// <summary>What to tune first. Configuration section <c>Messaging</c>.</summary>
public sealed class MessagingOptions
{
    public const string Section = "Messaging";

    /// <summary>How long a publisher waits for the broker's confirmation before it reports failure.</summary>
    [Range(typeof(TimeSpan), "00:00:00.050", "00:10:00")]
    public TimeSpan PublishTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>A handler that takes longer is cancelled, and the message retried.</summary>
    [Range(typeof(TimeSpan), "00:00:00.050", "1.00:00:00")]
    public TimeSpan HandlerTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Messages the broker may hand to one process ahead of their acknowledgement.</summary>
    [Range(1, 10_000)]
    public int Prefetch { get; init; } = 64;

    /// <summary>Messages that one process handles at the same time.</summary>
    [Range(1, 1_000)]
    public int Concurrency { get; init; } = 16;

    /// <summary>The largest payload that is sent, in bytes.</summary>
    [Range(1, 128 * 1024 * 1024)]
    public int MaxMessageBytes { get; init; } = 1024 * 1024;
}
