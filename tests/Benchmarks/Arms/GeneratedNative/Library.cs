using System.Reflection;
using Shop.Consumer;
using Shop.Contracts.V2;
using Shop.Messaging;

namespace MqService.Benchmarks.Arms;

internal static class Library
{
    /// <summary>What the generated messaging project talks to the broker with.</summary>
    public static Assembly Client { get; } = Clients.FindReferenced(typeof(IMessagePublisher).Assembly);

    /// <summary>What the generated <c>AddOrderConsumer</c> adds, with another handler.</summary>
    public static void AddConsumer(this IHostApplicationBuilder builder)
    {
        builder.AddStore();
        builder.AddMessaging().Handle<OrderPlaced, Handler>();
    }

    private sealed class Handler(Tally tally) : IMessageHandler<OrderPlaced>
    {
        public Task HandleAsync(OrderPlaced message, MessageContext context, CancellationToken cancellationToken) =>
            tally.HandleAsync(message.OrderId).AsTask();
    }
}
