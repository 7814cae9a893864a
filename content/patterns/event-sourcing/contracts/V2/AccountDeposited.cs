namespace Acme._1.Contracts.V2;

/// <summary>Money was paid into an account. Version 2 counts in whole units of the currency, and says when.</summary>
/// <param name="AccountId">The account.</param>
/// <param name="Version">The version of the account that this made: 1 for its first event, and one more for each that follows.</param>
/// <param name="Amount">How much.</param>
/// <param name="At">When it was accepted.</param>
public sealed record AccountDeposited(string AccountId, long Version, decimal Amount, DateTimeOffset At);
