using Acme._1.Contracts;
using Acme._1.Messaging;
using MassTransit;

namespace Acme._1.Consumer;

/// <summary>A queue of its own, and all that happens to accounts in it.</summary>
internal sealed class BalanceConsumerDefinition : ConsumerDefinition<BalanceConsumer>
{
    public BalanceConsumerDefinition() => EndpointName = Subscriptions.Balances;

    protected override void ConfigureConsumer(
        IReceiveEndpointConfigurator endpointConfigurator,
        IConsumerConfigurator<BalanceConsumer> consumerConfigurator,
        IRegistrationContext context)
    {
        endpointConfigurator.SubscribeTo(context, Destinations.Accounts);
        endpointConfigurator.UseFailurePolicy(context);
        endpointConfigurator.UseInbox(context);
    }
}
