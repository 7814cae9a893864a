using System.ComponentModel.DataAnnotations;
using Acme._1.Contracts.V1;
using Acme._1.Messaging;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;

namespace Acme._1.Consumer;

public static class OrderStatusEndpoints
{
    /// <summary>Shows how an order stands, and what each participant has done for it.</summary>
    public static void MapOrderStatus(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/orders/{orderId}", FindAsync);
        routes.MapGet("/orders/{orderId}/effects", FindEffectsAsync);
    }

    /// <summary>For the person on duty: the sagas that are stuck, and how to get them going again.</summary>
    public static void MapSagas(this RouteGroupBuilder ops)
    {
        ops.MapGet("/sagas", async (ISagaReader sagas, CancellationToken cancellationToken, [Range(1, 1000)] int take = 100) =>
            TypedResults.Ok(await sagas.ListParkedAsync(take, cancellationToken)));
        ops.MapPost("/sagas/{orderId}/resume", ResumeAsync);
    }

    private static async Task<Results<Ok<OrderStatus>, ProblemHttpResult>> FindAsync(
        string orderId, ISagaReader sagas, CancellationToken cancellationToken) =>
        await sagas.FindAsync(orderId, cancellationToken) is { } order ? TypedResults.Ok(order) : NotFound(orderId);

    private static async Task<Ok<IEnumerable<StepEffects>>> FindEffectsAsync(
        string orderId, IStepRecords records, CancellationToken cancellationToken) =>
        TypedResults.Ok((await records.FindAllAsync(orderId, cancellationToken)).Select(StepEffects.Of));

    /// <summary>The saga itself takes the step again, as it does everything else: when it is told by a message.</summary>
    private static async Task<Results<Accepted, ProblemHttpResult>> ResumeAsync(
        string orderId, ISagaReader sagas, IOutboxSender sender, IOptions<MessagingOptions> options, CancellationToken cancellationToken)
    {
        if (await sagas.FindAsync(orderId, cancellationToken) is not { } order)
        {
            return NotFound(orderId);
        }

        if (order.Status != OrderStatuses.Parked)
        {
            return TypedResults.Problem(
                $"Order {orderId} is {order.Status}: it waits for nobody.", title: "The saga is not parked", statusCode: StatusCodes.Status409Conflict);
        }

        // The id is that of the step that is stuck: however often somebody asks for it, it is taken again once.
        var token = order.History[^1].Token;
        var message = OutgoingMessage.Create(new ResumeOrder(orderId, token), options.Value.MaxMessageBytes) with { MessageId = $"resume-{orderId}-{token}" };
        await sender.SendAsync(message, cancellationToken);
        return TypedResults.Accepted($"/orders/{Uri.EscapeDataString(orderId)}");
    }

    private static ProblemHttpResult NotFound(string orderId) =>
        TypedResults.Problem($"There is no order {orderId}.", statusCode: StatusCodes.Status404NotFound);
}

/// <param name="Participant">One of <see cref="Participants"/>.</param>
/// <param name="Status"><c>done</c>, <c>refused</c> or <c>undone</c>.</param>
/// <param name="Done">How often its step had an effect: 0 or 1.</param>
/// <param name="Undone">How often that was undone: 0 or 1.</param>
public sealed record StepEffects(string Participant, string Status, int Done, int Undone)
{
    public static StepEffects Of(StepRecord record) => new(
        record.Participant,
        record.Status switch
        {
            StepStatus.Done => "done",
            StepStatus.Refused => "refused",
            StepStatus.Undone => "undone",
            var other => throw new InvalidOperationException($"{record.Participant} is {other}."),
        },
        record.TimesDone,
        record.TimesUndone);
}
