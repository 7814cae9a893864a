using System.ComponentModel.DataAnnotations;

namespace Acme._1.Consumer;

/// <summary>How long the saga waits. Configuration section <c>Saga</c>.</summary>
public sealed class SagaOptions
{
    public const string Section = "Saga";

    /// <summary>
    /// How long a participant has to answer; then the order is given up and compensated. Longer than all retries together
    /// (<c>Messaging:Retry</c>), or a step that would have come through in the end is undone.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.050", "7.00:00:00")]
    public TimeSpan StepTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a participant has to undo its step; then the saga is parked for a person. Longer than all retries together, too.</summary>
    [Range(typeof(TimeSpan), "00:00:00.050", "7.00:00:00")]
    public TimeSpan CompensationTimeout { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>How often this process looks for steps that are overdue. A timeout is late by at most this much.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "00:01:00")]
    public TimeSpan PollInterval { get; init; } = TimeSpan.FromSeconds(1);
}
