using Acme._1.Contracts;
using Acme._1.EventStore;

namespace Acme._1.Producer;

/// <summary>Loads accounts from their events, and adds to them what is decided.</summary>
public sealed class Accounts(IEventStore events, AccountSnapshots snapshots, TimeProvider clock)
{
    /// <summary>So often somebody else may be faster, before the client is told.</summary>
    private const int MaxAttempts = 10;

    /// <summary>
    /// Commands on one account wait for each other here rather than run into each other at the store. It is a courtesy and no
    /// safeguard: other processes do not wait, and the expected version alone decides.
    /// </summary>
    private readonly SemaphoreSlim[] _turns = [.. Enumerable.Range(0, 64).Select(_ => new SemaphoreSlim(1))];

    /// <summary>The account as it is now. One that nothing has happened to has version 0.</summary>
    public async Task<Account> LoadAsync(string id, CancellationToken cancellationToken) =>
        await ReadOnAsync(await snapshots.FindAsync(id, cancellationToken) ?? Account.New(id), upTo: long.MaxValue, cancellationToken);

    /// <summary>Loads the account, decides, and appends what was decided.</summary>
    /// <param name="id">The account.</param>
    /// <param name="command">What is to be done.</param>
    /// <param name="expectedVersion">The version that the client has decided by, or null if any will do.</param>
    /// <param name="eventId">The id of the event. With one that the account already has, the outcome is that of the first time.</param>
    /// <param name="mayBeRepeated">Whether there may be an event with this id: not if it was made for this request.</param>
    /// <param name="cancellationToken">Cancelled when the client has gone.</param>
    /// <returns>The account after that.</returns>
    /// <exception cref="WrongExpectedVersionException">The account is at another version.</exception>
    /// <exception cref="InsufficientFundsException">The account does not hold that much.</exception>
    /// <exception cref="EventIdInUseException">The event with this id came of something else.</exception>
    public async Task<Account> ExecuteAsync(
        string id, AccountCommand command, long? expectedVersion, string eventId, bool mayBeRepeated, CancellationToken cancellationToken)
    {
        // Who says which version it means has a claim to be refused at once, and does not wait in line.
        if (expectedVersion is not null)
        {
            return await TryAsync(id, command, expectedVersion, eventId, mayBeRepeated, cancellationToken);
        }

        var turn = _turns[(uint)id.GetHashCode(StringComparison.Ordinal) % _turns.Length];
        await turn.WaitAsync(cancellationToken);
        try
        {
            return await TryAsync(id, command, expectedVersion: null, eventId, mayBeRepeated, cancellationToken);
        }
        finally
        {
            turn.Release();
        }
    }

    private async Task<Account> TryAsync(
        string id, AccountCommand command, long? expectedVersion, string eventId, bool mayBeRepeated, CancellationToken cancellationToken)
    {
        var stream = Streams.OfAccount(id);
        for (var attempt = 1; ; attempt++)
        {
            var account = await LoadAsync(id, cancellationToken);

            // After loading and before appending: if the same request is on its way twice, the one that loses finds it here
            // now, or at its next attempt, and decides nothing a second time.
            if (mayBeRepeated && await events.FindAsync(stream, eventId, cancellationToken) is { } earlier)
            {
                return command.LedTo(earlier.Data)
                    ? await ReadOnAsync(Account.New(id), upTo: earlier.Version, cancellationToken)
                    : throw new EventIdInUseException(eventId);
            }

            if (expectedVersion is { } expected && expected != account.Version)
            {
                throw new WrongExpectedVersionException(stream, expected);
            }

            var decided = command.Decide(account, clock.GetUtcNow());
            try
            {
                await events.AppendAsync(stream, account.Version, new(eventId, decided), cancellationToken);
            }
            catch (WrongExpectedVersionException) when (attempt < MaxAttempts)
            {
                continue;
            }

            account = account.Apply(decided);
            await snapshots.SaveWhenDueAsync(account, cancellationToken);
            return account;
        }
    }

    private async Task<Account> ReadOnAsync(Account account, long upTo, CancellationToken cancellationToken)
    {
        await foreach (var stored in events.ReadAsync(Streams.OfAccount(account.Id), account.Version + 1, cancellationToken))
        {
            if (stored.Version > upTo)
            {
                break;
            }

            account = account.Apply(stored.Data);
        }

        return account;
    }
}
