namespace Acme._1.Contracts.V1;

/// <summary>The goods are not set aside, and will not be for this order.</summary>
/// <param name="OrderId">The order.</param>
/// <param name="Token">The number of the saga's step, as it stood in the command.</param>
/// <param name="Reason">Why, for a person to read.</param>
public sealed record StockRefused(string OrderId, int Token, string Reason) : IStepMessage;
