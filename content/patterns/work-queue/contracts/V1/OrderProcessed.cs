namespace Acme._1.Contracts.V1;

/// <summary>An order was processed. Published for whoever wants to know; nobody has to listen.</summary>
/// <param name="OrderId">The order's id.</param>
/// <param name="Sku">The article.</param>
/// <param name="Quantity">How many of it.</param>
/// <param name="ProcessedAt">When it was processed.</param>
public sealed record OrderProcessed(string OrderId, string Sku, int Quantity, DateTimeOffset ProcessedAt);
