using Acme._1.Messaging;

namespace Acme._1.Producer;

public static class OrderProducer
{
    /// <summary>Adds what it takes to send orders to the queue.</summary>
    public static void AddOrderProducer(this IHostApplicationBuilder builder)
    {
        builder.AddMessaging();
        builder.Services.AddSingleton<IOrderQueue, BrokerOrderQueue>();
    }
}
