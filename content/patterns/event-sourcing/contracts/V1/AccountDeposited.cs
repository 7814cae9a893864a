namespace Acme._1.Contracts.V1;

/// <summary>The first version, which counted in cents. Nobody writes it any more, but the events of old accounts are still those.</summary>
/// <param name="AccountId">The account.</param>
/// <param name="Version">The version of the account that this made: 1 for its first event, and one more for each that follows.</param>
/// <param name="Cents">How much.</param>
public sealed record AccountDeposited(string AccountId, long Version, long Cents);
