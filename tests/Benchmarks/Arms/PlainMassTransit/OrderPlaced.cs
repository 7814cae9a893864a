using MassTransit;

namespace MqService.Benchmarks.Arms;

/// <summary>The same message as a generated service's.</summary>
public sealed record OrderPlaced(string OrderId, string Sku, int Quantity, DateTimeOffset PlacedAt);

internal sealed class OrderConsumer(Tally tally) : IConsumer<OrderPlaced>
{
    public Task Consume(ConsumeContext<OrderPlaced> context) => tally.HandleAsync(context.Message.OrderId).AsTask();
}
