using Acme._1.Contracts.V2;
using Acme._1.Producer;

namespace Acme._1.Tests;

/// <summary>The rules, without anything around them.</summary>
public sealed class AccountTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 31, 8, 30, 0, TimeSpan.Zero);

    [Fact]
    public void An_account_is_what_its_events_have_made_it() =>
        new object[] { new AccountDeposited("a", 1, 10, Now), new AccountWithdrawn("a", 2, 3.5m, Now) }
            .Aggregate(Account.New("a"), (account, next) => account.Apply(next))
            .ShouldBe(new("a", 6.5m, 2));

    [Fact]
    public void What_is_decided_is_the_next_event()
    {
        new Account("a", 10, 2).Deposit(5, Now).ShouldBe(new("a", 3, 5, Now));
        new Account("a", 10, 2).Withdraw(10, Now).ShouldBe(new("a", 3, 10, Now));
    }

    [Fact]
    public void Nobody_can_withdraw_more_than_there_is() =>
        Should.Throw<InsufficientFundsException>(() => new Account("a", 10, 2).Withdraw(10.01m, Now));
}
