namespace Acme._1.Contracts.V1;

/// <summary>The first version. Nobody sends it any more, but queues and logs may still hold it.</summary>
public sealed record OrderPlaced(string OrderId, string Sku, int Quantity);
