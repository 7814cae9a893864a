using Acme._1.Contracts.V2;

namespace Acme._1.Producer;

/// <summary>
/// An account as its events have made it. Nothing here knows where events are kept, or that they are sent: what has happened
/// is folded into a state, and a state decides what happens next.
/// </summary>
/// <param name="Id">The account.</param>
/// <param name="Balance">What is in it.</param>
/// <param name="Version">How many events it has had; 0 for one that nothing has happened to.</param>
public sealed record Account(string Id, decimal Balance, long Version)
{
    public static Account New(string id) => new(id, Balance: 0, Version: 0);

    public AccountDeposited Deposit(decimal amount, DateTimeOffset now) => new(Id, Version + 1, amount, now);

    /// <exception cref="InsufficientFundsException">There is not that much in it.</exception>
    public AccountWithdrawn Withdraw(decimal amount, DateTimeOffset now) => amount <= Balance
        ? new(Id, Version + 1, amount, now)
        : throw new InsufficientFundsException($"Account {Id} holds {Balance:0.00}, which is less than {amount:0.00}.");

    /// <summary>The account after this event. An event is a fact: nothing is checked, and nothing can be refused any more.</summary>
    public Account Apply(object accountEvent) => accountEvent switch
    {
        AccountDeposited deposited => this with { Balance = Balance + deposited.Amount, Version = deposited.Version },
        AccountWithdrawn withdrawn => this with { Balance = Balance - withdrawn.Amount, Version = withdrawn.Version },
        _ => throw new InvalidOperationException($"{accountEvent.GetType()} is no event of an account."),
    };
}

/// <summary>The account does not hold what was asked for.</summary>
public sealed class InsufficientFundsException(string message) : Exception(message);
