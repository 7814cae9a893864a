using Acme._1.Contracts;
using Acme._1.Messaging;
using MassTransit;

namespace Acme._1.Consumer;

public static class OrderSagaExtensions
{
    /// <summary>Adds the saga, and its participants: each of them has its own queue, and could be a service of its own.</summary>
    public static void AddOrderSaga(this IHostApplicationBuilder builder)
    {
        builder.AddSagaParts();
        builder.AddMessaging(bus =>
        {
            bus.AddSagaStateMachine<OrderStateMachine, OrderState>().InStore().ExcludeFromConfigureEndpoints();
            bus.AddSagaOutbox();
            bus.AddSagaQueue(Destinations.Orders);
            bus.AddSagaQueue(Destinations.Replies);

            bus.AddConsumer<StockConsumer, StockConsumerDefinition>();
            bus.AddConsumer<PaymentConsumer, PaymentConsumerDefinition>();
            bus.AddConsumer<ShippingConsumer, ShippingConsumerDefinition>();
        });
    }

    /// <summary>The saga has two queues, so that sagas under way finish however many new orders wait.</summary>
    private static void AddSagaQueue(this IBusRegistrationConfigurator bus, Destination queue) =>
        bus.AddQueue(new(queue.Name, (endpoint, context) =>
        {
            // Its messages are sent to this queue by name. It subscribes to nothing.
            endpoint.ConfigureConsumeTopology = false;

            endpoint.UseFailurePolicy(context, failures => failures.Ignore<OrderRejectedException>());
            endpoint.UseHandling(context);
            endpoint.UseConsumeFilter(typeof(StateMachineFailures<>), context);
            endpoint.UseSagaOutbox(queue, context);
            endpoint.ConfigureSaga<OrderState>(context);
        }));
}
