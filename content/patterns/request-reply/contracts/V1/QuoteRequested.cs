namespace Acme._1.Contracts.V1;

/// <summary>The first version. Old requesters still send it.</summary>
public sealed record QuoteRequested(string Sku, int Quantity);
