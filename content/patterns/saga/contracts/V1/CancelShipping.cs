namespace Acme._1.Contracts.V1;

/// <summary>Undo <see cref="ArrangeShipping"/>, whether or not it was done. Answered by <see cref="ShippingCancelled"/>.</summary>
/// <param name="OrderId">The order.</param>
/// <param name="Token">The number of the saga's step, to be repeated in the reply.</param>
/// <param name="Sku">The article.</param>
/// <param name="Quantity">How many of it.</param>
public sealed record CancelShipping(string OrderId, int Token, string Sku, int Quantity) : IStepMessage;
