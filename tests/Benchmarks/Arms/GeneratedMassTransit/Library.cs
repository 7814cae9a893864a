using System.Reflection;
using MassTransit;
using Shop.Consumer;
using Shop.Contracts;
using Shop.Messaging;
using OrderPlaced = Shop.Contracts.V2.OrderPlaced;

namespace MqService.Benchmarks.Arms;

internal static class Library
{
    public static Assembly Client => typeof(IBus).Assembly;

    /// <summary>What the generated <c>AddOrderConsumer</c> adds, with another consumer.</summary>
    public static void AddConsumer(this IHostApplicationBuilder builder)
    {
        // A bus that is stopped while it starts goes on consuming.
        builder.Services.AddOptions<MassTransitHostOptions>().Configure(host => host.WaitUntilStarted = true);
        builder.AddStore();
        builder.AddMessaging(consumers => consumers.AddConsumer<Consumer, Definition>());
    }

    private sealed class Consumer(Tally tally) : IConsumer<OrderPlaced>
    {
        public Task Consume(ConsumeContext<OrderPlaced> context) => tally.HandleAsync(context.Message.OrderId).AsTask();
    }

    /// <summary>As the generated <c>OrderPlacedConsumerDefinition</c>.</summary>
    private sealed class Definition : ConsumerDefinition<Consumer>
    {
        public Definition() => EndpointName = Destinations.Orders.Name;

        protected override void ConfigureConsumer(
            IReceiveEndpointConfigurator endpointConfigurator, IConsumerConfigurator<Consumer> consumerConfigurator, IRegistrationContext context)
        {
            endpointConfigurator.ConfigureConsumeTopology = false;
            endpointConfigurator.UseFailurePolicy(context);
            endpointConfigurator.UseInbox(context);
        }
    }
}
