using Xunit.Sdk;

namespace MqService.Pack.Tests;

public enum TierOutcome
{
    Passed,
    Skipped,
    Failed,
}

/// <summary>How one tier ended for one combination.</summary>
/// <param name="Why">The reason when it was skipped, everything there is to know when it failed.</param>
public sealed record TierResult(TierOutcome Outcome, string Why, TimeSpan Elapsed)
{
    /// <summary>What was built, when it was.</summary>
    public GeneratedService? Service { get; init; }

    /// <summary>What its tests said, when they ran.</summary>
    public TestRun? Run { get; init; }

    public static TierResult Passed(TimeSpan elapsed) => new(TierOutcome.Passed, "", elapsed);

    public static TierResult Skipped(string why, TimeSpan elapsed) => new(TierOutcome.Skipped, why, elapsed);

    public static TierResult Failed(string why, TimeSpan elapsed) => new(TierOutcome.Failed, why, elapsed);

    /// <summary>Ends the calling test in the same way.</summary>
    public void Assert()
    {
        switch (Outcome)
        {
            case TierOutcome.Skipped:
                throw SkipException.ForSkip(Why);
            case TierOutcome.Failed:
                throw new XunitException(Why);
        }
    }
}
