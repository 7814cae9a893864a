namespace Acme._1.Consumer;

/// <summary>The deadlines of the steps. They are kept with the sagas, so they survive a restart.</summary>
public interface ISagaTimeouts
{
    /// <summary>
    /// The steps whose deadline has passed, at most <paramref name="take"/> of them. They are the caller's
    /// <paramref name="until"/> then: other instances are not given them before. What still waits at that time is due again.
    /// </summary>
    Task<IReadOnlyList<DueStep>> ClaimDueAsync(int take, DateTimeOffset until, CancellationToken cancellationToken);

    /// <summary>
    /// What was claimed until <paramref name="claimedUntil"/>, and has not gone on meanwhile, is due at
    /// <paramref name="until"/> instead.
    /// </summary>
    Task PostponeAsync(
        IReadOnlyCollection<string> orderIds, DateTimeOffset claimedUntil, DateTimeOffset until, CancellationToken cancellationToken);
}

/// <param name="OrderId">The order.</param>
/// <param name="Token">The number of the step that was not answered in time.</param>
public sealed record DueStep(string OrderId, int Token);
