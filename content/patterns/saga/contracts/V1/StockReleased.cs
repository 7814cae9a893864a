namespace Acme._1.Contracts.V1;

/// <summary>No goods are set aside for this order any more, and none ever will be.</summary>
/// <param name="OrderId">The order.</param>
/// <param name="Token">The number of the saga's step, as it stood in the command.</param>
public sealed record StockReleased(string OrderId, int Token) : IStepMessage;
