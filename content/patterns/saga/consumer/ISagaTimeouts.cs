namespace Acme._1.Consumer;

/// <summary>The deadlines of the steps. They are kept with the sagas, so they survive a restart.</summary>
public interface ISagaTimeouts
{
    /// <summary>
    /// The steps whose deadline has passed, at most <paramref name="take"/> of them. They are the caller's for the time of
    /// the lease: other instances are not given them meanwhile. If they are still waiting after it, they are due again.
    /// </summary>
    Task<IReadOnlyList<DueStep>> ClaimDueAsync(int take, TimeSpan lease, CancellationToken cancellationToken);
}

/// <param name="OrderId">The order.</param>
/// <param name="Token">The number of the step that was not answered in time.</param>
public sealed record DueStep(string OrderId, int Token);
