namespace Acme._1.Contracts.V1;

/// <summary>The money is given back, or was never taken, and never will be for this order.</summary>
/// <param name="OrderId">The order.</param>
/// <param name="Token">The number of the saga's step, as it stood in the command.</param>
public sealed record PaymentRefunded(string OrderId, int Token) : IStepMessage;
