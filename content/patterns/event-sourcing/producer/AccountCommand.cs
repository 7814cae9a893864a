using Acme._1.Contracts.V2;

namespace Acme._1.Producer;

/// <summary>What somebody wants to be done to an account.</summary>
public abstract record AccountCommand(decimal Amount)
{
    /// <summary>What happens, if it may.</summary>
    /// <exception cref="InsufficientFundsException">It may not.</exception>
    public abstract object Decide(Account account, DateTimeOffset now);

    /// <summary>Whether this event is what came of the same command.</summary>
    public abstract bool LedTo(object accountEvent);
}

public sealed record Deposit(decimal Amount) : AccountCommand(Amount)
{
    public override object Decide(Account account, DateTimeOffset now) => account.Deposit(Amount, now);

    public override bool LedTo(object accountEvent) => accountEvent is AccountDeposited deposited && deposited.Amount == Amount;
}

public sealed record Withdrawal(decimal Amount) : AccountCommand(Amount)
{
    public override object Decide(Account account, DateTimeOffset now) => account.Withdraw(Amount, now);

    public override bool LedTo(object accountEvent) => accountEvent is AccountWithdrawn withdrawn && withdrawn.Amount == Amount;
}
