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
        IOrderTopic topic,
        TimeProvider clock,
        CancellationToken cancellationToken)
    {
        var order = new OrderPlaced(
            request.OrderId ?? Guid.CreateVersion7().ToString(), request.Sku, request.Quantity, clock.GetUtcNow(), request.Region);

        // A client that repeats a request after a failure sends the same key, and each subscriber handles the order once.
        var messageId = idempotencyKey ?? Guid.CreateVersion7().ToString();
        try
        {
            await topic.PublishAsync(order, messageId, cancellationToken);
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
/// <param name="Region">Where. It is the message's subject, which subscribers can choose by.</param>
public sealed record PlaceOrder(
    [property: StringLength(200, MinimumLength = 1), StorableText] string? OrderId,
    [property: Required, StorableText] string Sku,
    [property: Range(1, 1_000_000)] int Quantity,
    [property: RegularExpression("[a-z]{2,8}", ErrorMessage = "The region must be two to eight small letters.")] string Region = "eu");

public sealed record OrderAccepted(string OrderId, string MessageId);
