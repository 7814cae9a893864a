namespace Acme._1.Contracts.V2;

/// <summary>A customer placed an order, and it waits to be processed.</summary>
/// <param name="OrderId">The order's id.</param>
/// <param name="Sku">The article.</param>
/// <param name="Quantity">How many of it, at least 1.</param>
/// <param name="PlacedAt">When it was placed. New in version 2, and required: that is what made it a new major version.</param>
public sealed record OrderPlaced(string OrderId, string Sku, int Quantity, DateTimeOffset PlacedAt);
