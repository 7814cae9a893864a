namespace Acme._1.Contracts.V1;

/// <summary>An order went through. Published for whoever wants to know; nobody has to listen.</summary>
/// <param name="OrderId">The order's id.</param>
/// <param name="Sku">The article.</param>
/// <param name="Quantity">How many of it.</param>
/// <param name="CompletedAt">When its last step was done.</param>
public sealed record OrderCompleted(string OrderId, string Sku, int Quantity, DateTimeOffset CompletedAt);
