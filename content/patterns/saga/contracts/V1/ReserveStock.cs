namespace Acme._1.Contracts.V1;

/// <summary>Set the goods of an order aside. Answered by <see cref="StockReserved"/> or <see cref="StockRefused"/>.</summary>
/// <param name="OrderId">The order.</param>
/// <param name="Token">The number of the saga's step, to be repeated in the reply.</param>
/// <param name="Sku">The article.</param>
/// <param name="Quantity">How many of it.</param>
public sealed record ReserveStock(string OrderId, int Token, string Sku, int Quantity) : IStepMessage;
