using Acme._1.Contracts.V2;

namespace Acme._1.Consumer;

/// <summary>What an event means to the projection.</summary>
/// <param name="AccountId">The account.</param>
/// <param name="Version">Its version after that.</param>
/// <param name="Amount">What came in; negative for what went out.</param>
public sealed record BalanceChange(string AccountId, long Version, decimal Amount)
{
    public static BalanceChange Of(AccountDeposited deposited) => new(deposited.AccountId, deposited.Version, deposited.Amount);

    public static BalanceChange Of(AccountWithdrawn withdrawn) => new(withdrawn.AccountId, withdrawn.Version, -withdrawn.Amount);

    /// <summary>Null for an event that has nothing to do with balances.</summary>
    public static BalanceChange? Of(object accountEvent) => accountEvent switch
    {
        AccountDeposited deposited => Of(deposited),
        AccountWithdrawn withdrawn => Of(withdrawn),
        _ => null,
    };
}
