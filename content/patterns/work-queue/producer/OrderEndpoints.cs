using System.ComponentModel.DataAnnotations;
using Acme._1.Contracts.V2;
using Acme._1.Messaging;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace Acme._1.Producer;

public static class OrderEndpoints
{
    public static void MapOrderEndpoints(this IEndpointRouteBuilder routes) => routes.MapPost("/orders", PlaceOrderAsync);

    private static async Task<Results<Accepted<OrderAccepted>, ProblemHttpResult>> PlaceOrderAsync(
        PlaceOrder request,
        [FromHeader(Name = "Idempotency-Key")]
        [StringLength(200, MinimumLength = 1)]
        [RegularExpression("[!-~]+", ErrorMessage = "The Idempotency-Key must consist of printable ASCII characters.")]
        string? idempotencyKey,
        IOrderQueue queue,
        TimeProvider clock,
        CancellationToken cancellationToken)
    {
        var order = new OrderPlaced(request.OrderId ?? Guid.CreateVersion7().ToString(), request.Sku, request.Quantity, clock.GetUtcNow());

        // A client that repeats a request after a failure sends the same key, and the order is processed once.
        var messageId = idempotencyKey ?? Guid.CreateVersion7().ToString();
        try
        {
            await queue.SendAsync(order, messageId, cancellationToken);
        }
        catch (BrokerUnavailableException exception)
        {
            return TypedResults.Problem(exception.Message, title: "The order was not accepted", statusCode: StatusCodes.Status503ServiceUnavailable);
        }
        catch (MessageTooLargeException exception)
        {
            return TypedResults.Problem(exception.Message, title: "The order is too large", statusCode: StatusCodes.Status413PayloadTooLarge);
        }

        return TypedResults.Accepted((string?)null, new OrderAccepted(order.OrderId, messageId));
    }
}

/// <param name="OrderId">Chosen by the client, or made up here.</param>
/// <param name="Sku">The article.</param>
/// <param name="Quantity">How many of it.</param>
public sealed record PlaceOrder(
    [property: StringLength(200, MinimumLength = 1), StorableText] string? OrderId,
    [property: Required, StorableText] string Sku,
    [property: Range(1, 1_000_000)] int Quantity);

public sealed record OrderAccepted(string OrderId, string MessageId);
