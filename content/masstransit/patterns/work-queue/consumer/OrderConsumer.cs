using Acme._1.Messaging;
using MassTransit;

namespace Acme._1.Consumer;

public static class OrderConsumer
{
    /// <summary>Adds what it takes to receive orders and process them.</summary>
    public static void AddOrderConsumer(this IHostApplicationBuilder builder)
    {
        builder.Services.AddScoped<OrderProcessor>();
        builder.Services.AddSingleton<FailureSimulation>();

        builder.AddMessaging(consumers => consumers.AddConsumer<OrderPlacedConsumer, OrderPlacedConsumerDefinition>());
    }
}
