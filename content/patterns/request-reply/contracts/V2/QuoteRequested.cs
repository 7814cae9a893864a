namespace Acme._1.Contracts.V2;

/// <summary>A customer wants to know what something costs.</summary>
/// <param name="Sku">The article.</param>
/// <param name="Quantity">How many of it.</param>
/// <param name="AskedAt">When it was asked. New in version 2, and required: that is what made it a new major version.</param>
public sealed record QuoteRequested(string Sku, int Quantity, DateTimeOffset AskedAt);
