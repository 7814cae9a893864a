using Microsoft.AspNetCore.Http.HttpResults;

namespace Acme._1.Consumer;

public static class SubscriberEndpoints
{
    /// <summary>Shows what each subscriber has done.</summary>
    public static void MapSubscribers(this IEndpointRouteBuilder routes)
    {
        MapSubscriber("/emails/{orderId}", Subscriptions.Emails);
        MapSubscriber("/analytics/{orderId}", Subscriptions.Analytics);

        void MapSubscriber(string path, string subscriber) => routes.MapGet(
            path, (string orderId, IOrderLog log, CancellationToken cancellationToken) => FindAsync(subscriber, orderId, log, cancellationToken));
    }

    private static async Task<Results<Ok<OrderStatus>, ProblemHttpResult>> FindAsync(
        string subscriber, string orderId, IOrderLog log, CancellationToken cancellationToken) =>
        await log.FindAsync(subscriber, orderId, cancellationToken) is { } order
            ? TypedResults.Ok(order)
            : TypedResults.Problem($"{subscriber} has not processed an order {orderId}.", statusCode: StatusCodes.Status404NotFound);
}
