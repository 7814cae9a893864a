using System.ComponentModel.DataAnnotations;

namespace Acme._1.Messaging;

/// <summary>How a transient failure is retried. Configuration section <c>Messaging:Retry</c>.</summary>
public sealed class RetryOptions
{
    public const string Section = "Messaging:Retry";

    /// <summary>Attempts in all, the first one included; then the message goes to the dead-letter queue.</summary>
    [Range(1, 20)]
    public int MaxAttempts { get; init; } = 5;

    /// <summary>The delay before the second attempt. Each further one doubles it.</summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "1.00:00:00")]
    public TimeSpan BaseDelay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>No delay gets longer than this.</summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "1.00:00:00")]
    public TimeSpan MaxDelay { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>The share of a delay that is random (0 to 1), so that what failed together does not return together.</summary>
    [Range(0.0, 1.0)]
    public double Jitter { get; init; } = 0.2;

    /// <summary>The delay after failed attempt number <paramref name="attempt"/> (1, 2, …): exponential backoff with jitter.</summary>
    public TimeSpan DelayAfter(int attempt)
    {
        // The exponent is bounded: 2^30 times any delay is over every maximum, and doubles do not overflow.
        var delay = BaseDelay * Math.Pow(2, Math.Min(attempt - 1, 30));
        if (delay > MaxDelay)
        {
            delay = MaxDelay;
        }

        return delay * (1 + (Jitter * ((Random.Shared.NextDouble() * 2) - 1)));
    }
}
