using Acme._1.Contracts;
using Acme._1.Messaging;

namespace Acme._1.Consumer;

public static class OrderSubscribers
{
    /// <summary>Subscribes to placed orders, once for each of those who want to know.</summary>
    public static void AddOrderSubscribers(this IHostApplicationBuilder builder)
    {
        builder.Services.AddScoped<OrderConfirmation>();
        builder.Services.AddScoped<OrderAnalytics>();
        builder.Services.AddSingleton<FailureSimulation>();

        builder.AddMessaging()
            .Subscribe<Contracts.V2.OrderPlaced, ConfirmOrderHandler>(Subscriptions.Emails, subject: Subscriptions.EmailsRegion)
            .Subscribe<Contracts.V2.OrderPlaced, CountOrderHandler>(Subscriptions.Analytics)
            .Upcast<Contracts.V1.OrderPlaced, Contracts.V2.OrderPlaced>(OrderPlacedUpcaster.ToV2)
            .NeverRetry<OrderRejectedException>();
    }
}
