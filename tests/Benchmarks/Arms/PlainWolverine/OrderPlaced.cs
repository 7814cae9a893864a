namespace MqService.Benchmarks.Arms;

/// <summary>The same message as a generated service's.</summary>
public sealed record OrderPlaced(string OrderId, string Sku, int Quantity, DateTimeOffset PlacedAt);

/// <summary>Public, with a public method: the code that Wolverine generates calls it.</summary>
public static class OrderPlacedHandler
{
    public static Task Handle(OrderPlaced order, Tally tally) => tally.HandleAsync(order.OrderId).AsTask();
}
