namespace Acme._1.Contracts.V1;

/// <summary>The transport is booked.</summary>
/// <param name="OrderId">The order.</param>
/// <param name="Token">The number of the saga's step, as it stood in the command.</param>
public sealed record ShippingArranged(string OrderId, int Token) : IStepMessage;
