using Acme._1.Contracts;
using Acme._1.Messaging;

namespace Acme._1.Consumer;

public static class OrderConsumer
{
    /// <summary>Adds what it takes to receive orders and process them.</summary>
    public static void AddOrderConsumer(this IHostApplicationBuilder builder)
    {
        builder.Services.AddScoped<OrderProcessor>();
        builder.Services.AddSingleton<FailureSimulation>();

        builder.AddMessaging()
            .Handle<Contracts.V2.OrderPlaced, OrderPlacedHandler>()
            .Upcast<Contracts.V1.OrderPlaced, Contracts.V2.OrderPlaced>(OrderPlacedUpcaster.ToV2)
            .NeverRetry<OrderRejectedException>();
    }
}
