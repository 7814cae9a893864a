namespace Acme._1.Contracts.V1;

/// <summary>Undo <see cref="ChargePayment"/>, whether or not it was done. Answered by <see cref="PaymentRefunded"/>.</summary>
/// <param name="OrderId">The order.</param>
/// <param name="Token">The number of the saga's step, to be repeated in the reply.</param>
/// <param name="Sku">The article.</param>
/// <param name="Quantity">How many of it.</param>
public sealed record RefundPayment(string OrderId, int Token, string Sku, int Quantity) : IStepMessage;
