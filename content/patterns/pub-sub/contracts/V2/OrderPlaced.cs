namespace Acme._1.Contracts.V2;

/// <summary>A customer has placed an order. Version 2 says when, and in which region.</summary>
public sealed record OrderPlaced(string OrderId, string Sku, int Quantity, DateTimeOffset PlacedAt, string Region);
