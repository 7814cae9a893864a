using Acme._1.Contracts;
using Acme._1.EventStore;

namespace Acme._1.Consumer;

/// <summary>
/// Keeps the balances. It is told of each event, in any order and more than once, because messages are handled side by side
/// and retried; the version in each row says what it still has to do, and the event store has what it was not told yet.
/// </summary>
public sealed class BalanceProjection(IBalanceStore balances, IEventReader events)
{
    /// <summary>Takes the account to the version of this change, in the current transaction.</summary>
    /// <exception cref="EventsMissingException">The events before it are not there to be read.</exception>
    public async Task ApplyAsync(BalanceChange change, CancellationToken cancellationToken)
    {
        var state = await balances.GetStateAsync(cancellationToken);
        await ApplyAsync(state.Generation, change, cancellationToken);
        if (state.Rebuild is { } rebuild)
        {
            await ApplyAsync(rebuild.Generation, change, cancellationToken);
        }
    }

    private async Task ApplyAsync(long generation, BalanceChange change, CancellationToken cancellationToken)
    {
        var balance = await balances.FindAsync(generation, change.AccountId, cancellationToken) ?? new(change.AccountId, Amount: 0, Version: 0);
        if (balance.Version >= change.Version)
        {
            return;
        }

        // Something before it is not here yet: it is being handled or retried, or is a dead letter. The store has it.
        if (balance.Version < change.Version - 1)
        {
            balance = await CatchUpAsync(balance, change.Version, cancellationToken);
        }

        balance = balance with { Amount = balance.Amount + change.Amount, Version = change.Version };
        await balances.SetAsync(generation, balance, cancellationToken);
    }

    /// <summary>
    /// Not further than needed, though there may be more to read: both generations have to know of the same events, or balances
    /// would go back in time when the new one takes over.
    /// </summary>
    private async Task<Balance> CatchUpAsync(Balance balance, long version, CancellationToken cancellationToken)
    {
        await foreach (var stored in events.ReadAsync(Streams.OfAccount(balance.Id), balance.Version + 1, cancellationToken))
        {
            if (stored.Version == version)
            {
                return balance;
            }

            balance = balance with { Amount = balance.Amount + (BalanceChange.Of(stored.Data)?.Amount ?? 0), Version = stored.Version };
        }

        return balance.Version == version - 1
            ? balance
            : throw new EventsMissingException($"Account {balance.Id} is at version {balance.Version} in the event store; version {version} cannot follow.");
    }
}

/// <summary>A message tells of an event whose predecessors the event store does not have (yet).</summary>
public sealed class EventsMissingException(string message) : Exception(message);
