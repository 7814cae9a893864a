namespace Acme._1.Contracts.V1;

/// <summary>Book the transport of an order. Answered by <see cref="ShippingArranged"/> or <see cref="ShippingRefused"/>.</summary>
/// <param name="OrderId">The order.</param>
/// <param name="Token">The number of the saga's step, to be repeated in the reply.</param>
/// <param name="Sku">The article.</param>
/// <param name="Quantity">How many of it.</param>
public sealed record ArrangeShipping(string OrderId, int Token, string Sku, int Quantity) : IStepMessage;
