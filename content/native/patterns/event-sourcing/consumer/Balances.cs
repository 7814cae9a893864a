using Acme._1.Contracts;
using Acme._1.Messaging;

namespace Acme._1.Consumer;

public static class Balances
{
    /// <summary>Subscribes to what happens to accounts, and keeps their balances.</summary>
    public static void AddBalances(this IHostApplicationBuilder builder)
    {
        builder.AddMessaging()
            .Subscribe<Contracts.V2.AccountDeposited, BalanceHandler>(Subscriptions.Balances)
            .Subscribe<Contracts.V2.AccountWithdrawn, BalanceHandler>(Subscriptions.Balances)
            .Upcast<Contracts.V1.AccountDeposited, Contracts.V2.AccountDeposited>(EventUpcaster.ToV2)
            .Upcast<Contracts.V1.AccountWithdrawn, Contracts.V2.AccountWithdrawn>(EventUpcaster.ToV2);
        builder.AddBalanceProjection();
    }
}
