namespace Acme._1.Consumer;

/// <summary>
/// The read model: one row for each account, with the version of the last event that is in it. That version is the checkpoint,
/// and stands in the same row, so there is no balance without its checkpoint. There may be two generations of it: the one that
/// is served, and one that is being rebuilt from the events.
/// </summary>
/// <remarks>
/// A row is a function of its version: whoever has read the same events has the same balance. So a row is only ever replaced by
/// a newer one, and it does not matter in which order writers come.
/// </remarks>
public interface IBalanceStore
{
    /// <summary>The account's balance in the generation that is served, as committed, or null.</summary>
    Task<Balance?> FindAsync(string accountId, CancellationToken cancellationToken);

    /// <summary>The account's balance in this generation, as committed, or null.</summary>
    Task<Balance?> FindAsync(long generation, string accountId, CancellationToken cancellationToken);

    /// <summary>Those balances of this generation that there are, as committed, by their accounts: in one go, for a rebuild that needs many.</summary>
    Task<IReadOnlyDictionary<string, Balance>> FindAsync(long generation, IReadOnlyCollection<string> accountIds, CancellationToken cancellationToken);

    /// <summary>
    /// Replaces the account's row in this generation if what is there is older, in the transaction of the message that is being
    /// handled: together with the note in the inbox, or not at all.
    /// </summary>
    Task SetAsync(long generation, Balance balance, CancellationToken cancellationToken);

    /// <summary>Which generations there are, as committed.</summary>
    Task<ProjectionState> GetStateAsync(CancellationToken cancellationToken);

    /// <summary>Begins a new, empty generation, unless a rebuild is under way. From when this returns, every handler that begins writes to both.</summary>
    Task<ProjectionState> StartRebuildAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Takes the rebuild one step further: the rows (those that are newer than what is there) and the new checkpoint, in one
    /// transaction. A store that has none writes the rows first; to do so again changes nothing.
    /// </summary>
    /// <param name="before">The rebuild as the caller knows it.</param>
    /// <param name="after">The same generation, further on.</param>
    /// <param name="balances">One row for each account that has changed.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>False, with nothing changed that matters, if the rebuild is no longer where the caller thinks: another instance works on it too.</returns>
    Task<bool> SaveProgressAsync(Rebuild before, Rebuild after, IReadOnlyCollection<Balance> balances, CancellationToken cancellationToken);

    /// <summary>Serves the new generation and deletes all others. Does nothing if the rebuild is not (or no longer) this one.</summary>
    Task FinishRebuildAsync(Rebuild rebuild, CancellationToken cancellationToken);
}

/// <param name="Id">The account.</param>
/// <param name="Amount">What is in it.</param>
/// <param name="Version">The version of the last event that went into that.</param>
public sealed record Balance(string Id, decimal Amount, long Version);

/// <param name="Generation">The one that is served.</param>
/// <param name="Rebuild">The one that is being built, or null.</param>
public sealed record ProjectionState(long Generation, Rebuild? Rebuild);

/// <param name="Generation">The new generation.</param>
/// <param name="Position">The position of the last event that is in it (the checkpoint), or null at the beginning.</param>
/// <param name="Events">How many were read so far.</param>
/// <param name="StartedAt">When it was asked for.</param>
public sealed record Rebuild(long Generation, string? Position, long Events, DateTimeOffset StartedAt);
