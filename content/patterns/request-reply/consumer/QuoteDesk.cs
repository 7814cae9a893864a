using Acme._1.Contracts.V1;
using QuoteRequested = Acme._1.Contracts.V2.QuoteRequested;

namespace Acme._1.Consumer;

/// <summary>
/// Quotes prices. A request may come twice, after a crash or because the client repeats itself: it is answered each
/// time, and with the same quote, because a quote once given is kept.
/// </summary>
public sealed class QuoteDesk(PriceList prices, IQuoteStore quotes, TimeProvider clock)
{
    private const int MaxQuantity = 10_000;

    /// <param name="requestId">The message id of the request.</param>
    /// <param name="request">What to quote.</param>
    /// <param name="attempt">1 for the first attempt.</param>
    /// <param name="cancellationToken">Cancelled when it has taken too long.</param>
    public async Task<QuoteReply> AnswerAsync(string requestId, QuoteRequested request, int attempt, CancellationToken cancellationToken)
    {
        if (request.Quantity is < 1 or > MaxQuantity)
        {
            return new QuoteRejected($"We quote 1 to {MaxQuantity} pieces, not {request.Quantity}.");
        }

        var unitPrice = prices.UnitPriceOf(request.Sku, request.Quantity);
        var quote = new QuoteGiven(request.Sku, request.Quantity, unitPrice, unitPrice * request.Quantity);
        var issued = await quotes.GetOrAddAsync(new IssuedQuote(requestId, quote, clock.GetUtcNow(), attempt), cancellationToken);

        return issued.Quote.Sku == request.Sku && issued.Quote.Quantity == request.Quantity
            ? issued.Quote
            : new QuoteRejected($"Request {requestId} was answered with a quote for {issued.Quote.Quantity} {issued.Quote.Sku}. Another request needs another id.");
    }
}
