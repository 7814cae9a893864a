namespace Acme._1.Contracts.V1;

/// <summary>What comes back. A refusal is an answer too, with a type of its own: nothing has failed, and nobody should retry.</summary>
public abstract record QuoteReply;

/// <param name="Sku">The article.</param>
/// <param name="Quantity">How many of it.</param>
/// <param name="UnitPrice">For one piece, in euros.</param>
/// <param name="Total">For all of them, in euros.</param>
public sealed record QuoteGiven(string Sku, int Quantity, decimal UnitPrice, decimal Total) : QuoteReply;

/// <param name="Reason">Why there is no quote, for a person to read.</param>
public sealed record QuoteRejected(string Reason) : QuoteReply;
