using Acme._1.Messaging;
using MassTransit;

namespace Acme._1.Consumer;

public static class Balances
{
    /// <summary>Subscribes to what happens to accounts, and keeps their balances.</summary>
    public static void AddBalances(this IHostApplicationBuilder builder)
    {
        builder.AddMessaging(bus => bus.AddConsumer<BalanceConsumer, BalanceConsumerDefinition>());
        builder.AddBalanceProjection();
    }
}
