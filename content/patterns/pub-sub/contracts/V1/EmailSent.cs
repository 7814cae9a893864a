namespace Acme._1.Contracts.V1;

/// <summary>The customer has the confirmation of an order.</summary>
public sealed record EmailSent(string OrderId, DateTimeOffset SentAt);
