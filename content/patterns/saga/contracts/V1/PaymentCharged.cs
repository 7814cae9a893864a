namespace Acme._1.Contracts.V1;

/// <summary>The money is taken.</summary>
/// <param name="OrderId">The order.</param>
/// <param name="Token">The number of the saga's step, as it stood in the command.</param>
public sealed record PaymentCharged(string OrderId, int Token) : IStepMessage;
