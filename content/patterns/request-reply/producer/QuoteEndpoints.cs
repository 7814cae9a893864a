using System.ComponentModel.DataAnnotations;
using System.Diagnostics;
using Acme._1.Contracts.V1;
using Acme._1.Messaging;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using QuoteRequested = Acme._1.Contracts.V2.QuoteRequested;

namespace Acme._1.Producer;

public static class QuoteEndpoints
{
    public static void MapQuoteEndpoints(this IEndpointRouteBuilder routes) => routes.MapGet("/quotes/{sku}", GetQuoteAsync);

    private static async Task<Results<Ok<QuoteGiven>, ProblemHttpResult>> GetQuoteAsync(
        string sku,
        int quantity,
        [FromHeader(Name = "Idempotency-Key")]
        [StringLength(200, MinimumLength = 1)]
        [RegularExpression("[!-~]+", ErrorMessage = "The Idempotency-Key must consist of printable ASCII characters.")]
        string? idempotencyKey,
        IQuoteService quotes,
        TimeProvider clock,
        CancellationToken cancellationToken)
    {
        // A client that repeats a request after a failure sends the same key, and gets the same quote.
        var messageId = idempotencyKey ?? Guid.CreateVersion7().ToString();
        try
        {
            return await quotes.AskAsync(new QuoteRequested(sku, quantity, clock.GetUtcNow()), messageId, cancellationToken) switch
            {
                QuoteGiven quote => TypedResults.Ok(quote),
                QuoteRejected rejection => Problem("The quote was rejected", rejection.Reason, StatusCodes.Status422UnprocessableEntity),
                var other => throw new UnreachableException($"There is no such answer: {other}"),
            };
        }
        catch (RequestFailedException exception)
        {
            return Problem("The quote failed", exception.Message, StatusCodes.Status422UnprocessableEntity);
        }
        catch (RequestTimeoutException exception)
        {
            return Problem("No quote in time", exception.Message, StatusCodes.Status504GatewayTimeout);
        }
        catch (Exception exception) when (exception is NoResponderException or BrokerUnavailableException)
        {
            return Problem("Quotes are not available", exception.Message, StatusCodes.Status503ServiceUnavailable);
        }
        catch (MessageTooLargeException exception)
        {
            return Problem("The request is too large", exception.Message, StatusCodes.Status413PayloadTooLarge);
        }
    }

    private static ProblemHttpResult Problem(string title, string detail, int status) =>
        TypedResults.Problem(detail, title: title, statusCode: status);
}
