using Microsoft.AspNetCore.Http.HttpResults;

namespace Acme._1.Consumer;

public static class IssuedQuoteEndpoints
{
    /// <summary>Shows which quotes were given, by the message id of the request.</summary>
    public static void MapIssuedQuotes(this IEndpointRouteBuilder routes) => routes.MapGet("/issued-quotes/{requestId}", FindAsync);

    private static async Task<Results<Ok<IssuedQuote>, ProblemHttpResult>> FindAsync(
        string requestId, IQuoteStore quotes, CancellationToken cancellationToken) =>
        await quotes.FindAsync(requestId, cancellationToken) is { } quote
            ? TypedResults.Ok(quote)
            : TypedResults.Problem($"No quote was given for request {requestId}.", statusCode: StatusCodes.Status404NotFound);
}
