namespace Acme._1.Contracts.V1;

/// <summary>An order failed, and what was done for it is undone. Published for whoever wants to know; nobody has to listen.</summary>
/// <param name="OrderId">The order's id.</param>
/// <param name="Sku">The article.</param>
/// <param name="Quantity">How many of it.</param>
/// <param name="Reason">Why it failed, for a person to read.</param>
/// <param name="CompensatedAt">When the last step was undone.</param>
public sealed record OrderCompensated(string OrderId, string Sku, int Quantity, string Reason, DateTimeOffset CompensatedAt);
