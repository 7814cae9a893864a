using Acme._1.Messaging;
using MassTransit;

namespace Acme._1.Consumer;

public static class OrderSubscribers
{
    /// <summary>Subscribes to placed orders, once for each of those who want to know.</summary>
    public static void AddOrderSubscribers(this IHostApplicationBuilder builder)
    {
        builder.Services.AddScoped<OrderConfirmation>();
        builder.Services.AddScoped<OrderAnalytics>();
        builder.Services.AddSingleton<FailureSimulation>();

        builder.AddMessaging(consumers =>
        {
            consumers.AddConsumer<ConfirmOrderConsumer, ConfirmOrderConsumerDefinition>();
            consumers.AddConsumer<CountOrderConsumer, CountOrderConsumerDefinition>();
        });
    }
}
