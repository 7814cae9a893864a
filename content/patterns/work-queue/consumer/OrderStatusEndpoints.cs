using Microsoft.AspNetCore.Http.HttpResults;

namespace Acme._1.Consumer;

public static class OrderStatusEndpoints
{
    public static void MapOrderStatus(this IEndpointRouteBuilder routes) => routes.MapGet("/orders/{orderId}", FindAsync);

    private static async Task<Results<Ok<OrderStatus>, ProblemHttpResult>> FindAsync(
        string orderId, IOrderStore orders, CancellationToken cancellationToken) =>
        await orders.FindAsync(orderId, cancellationToken) is { } order
            ? TypedResults.Ok(order)
            : TypedResults.Problem($"No order {orderId} has been processed.", statusCode: StatusCodes.Status404NotFound);
}
