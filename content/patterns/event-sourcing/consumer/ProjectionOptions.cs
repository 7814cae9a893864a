using System.ComponentModel.DataAnnotations;

namespace Acme._1.Consumer;

/// <summary>How projections are rebuilt. Configuration section <c>Projections</c>.</summary>
public sealed class ProjectionOptions
{
    public const string Section = "Projections";

    /// <summary>Events that are read before what came of them is committed, with the checkpoint.</summary>
    [Range(1, 100_000)]
    public int BatchSize { get; init; } = 500;

    /// <summary>How long a rebuild rests after each batch, to leave the store to those who wait for it.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:01:00")]
    public TimeSpan PauseBetweenBatches { get; init; } = TimeSpan.Zero;
}
