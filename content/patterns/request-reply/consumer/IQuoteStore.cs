using Acme._1.Contracts.V1;

namespace Acme._1.Consumer;

/// <summary>The quotes that were given, by the request they answered.</summary>
public interface IQuoteStore
{
    /// <summary>Keeps the quote, unless there is one for this request: then that one counts, also when both come at once.</summary>
    /// <returns>The quote that counts.</returns>
    Task<IssuedQuote> GetOrAddAsync(IssuedQuote quote, CancellationToken cancellationToken);

    /// <summary>The quote that answered this request, or null.</summary>
    Task<IssuedQuote?> FindAsync(string requestId, CancellationToken cancellationToken);
}

/// <param name="RequestId">The message id of the request.</param>
/// <param name="Quote">The answer.</param>
/// <param name="IssuedAt">When it was given first.</param>
/// <param name="Attempts">How many attempts it took.</param>
public sealed record IssuedQuote(string RequestId, QuoteGiven Quote, DateTimeOffset IssuedAt, int Attempts);
