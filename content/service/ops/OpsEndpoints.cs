using System.ComponentModel.DataAnnotations;
using System.Security.Cryptography;
using System.Text;
using Acme._1.Messaging;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Acme._1.Consumer.Ops;

/// <summary>What the person on duty needs: the dead letters, and how full the queues are.</summary>
public static class OpsEndpoints
{
    /// <summary>
    /// Open in Development. Elsewhere they ask for the header <c>X-Api-Key</c>, and do not exist while
    /// <c>Ops:ApiKey</c> is not configured.
    /// </summary>
    /// <returns>The group they are in, for more of them that are guarded in the same way; null if they do not exist.</returns>
    public static RouteGroupBuilder? MapOps(this WebApplication app)
    {
        var key = app.Configuration["Ops:ApiKey"];
        if (!app.Environment.IsDevelopment() && string.IsNullOrEmpty(key))
        {
            return null;
        }

        var ops = app.MapGroup("/ops").AddEndpointFilter(ReportBrokerAsync);
        if (!app.Environment.IsDevelopment())
        {
            ops.AddEndpointFilter((context, next) => RequireKeyAsync(key!, context, next));
        }

        ops.MapGet("/dead-letters", ListAsync);
        ops.MapGet("/dead-letters/{id}", ShowAsync);
        ops.MapPost("/dead-letters/{id}/replay", ReplayAsync);
        ops.MapPost("/dead-letters/replay", ReplayAllAsync);
        ops.MapDelete("/dead-letters/{id}", DiscardAsync);
        ops.MapGet("/queues", async (IDeadLetterQueue deadLetters, CancellationToken cancellationToken) =>
            TypedResults.Ok(await deadLetters.GetQueuesAsync(cancellationToken)));
        return ops;
    }

    private static async Task<Ok<IEnumerable<DeadLetterSummary>>> ListAsync(
        IDeadLetterQueue deadLetters, CancellationToken cancellationToken, [Range(1, 1000)] int take = 100)
    {
        var letters = await deadLetters.ListAsync(take, cancellationToken);
        return TypedResults.Ok(letters.Select(DeadLetterSummary.Of));
    }

    private static async Task<Results<Ok<DeadLetterDetails>, ProblemHttpResult>> ShowAsync(
        string id, IDeadLetterQueue deadLetters, CancellationToken cancellationToken) =>
        await deadLetters.FindAsync(Decode(id), cancellationToken) is { } letter
            ? TypedResults.Ok(DeadLetterDetails.Of(letter))
            : NotFound(id);

    private static async Task<Results<Ok<ReplayResult>, ProblemHttpResult>> ReplayAsync(
        string id, IDeadLetterQueue deadLetters, CancellationToken cancellationToken) =>
        await deadLetters.ReplayAsync(Decode(id), cancellationToken)
            ? TypedResults.Ok(new ReplayResult(1))
            : NotFound(id);

    private static async Task<Ok<ReplayResult>> ReplayAllAsync(IDeadLetterQueue deadLetters, CancellationToken cancellationToken) =>
        TypedResults.Ok(new ReplayResult(await deadLetters.ReplayAllAsync(cancellationToken)));

    private static async Task<Results<NoContent, ProblemHttpResult>> DiscardAsync(
        string id, IDeadLetterQueue deadLetters, CancellationToken cancellationToken) =>
        await deadLetters.DiscardAsync(Decode(id), cancellationToken)
            ? TypedResults.NoContent()
            : NotFound(id);

    // Routing decodes everything in a path but the slash, and a message id may have one.
    private static string Decode(string id) => id.Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);

    private static ProblemHttpResult NotFound(string id) =>
        TypedResults.Problem($"There is no dead letter {id}.", statusCode: StatusCodes.Status404NotFound);

    private static async ValueTask<object?> ReportBrokerAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        try
        {
            return await next(context);
        }
        catch (BrokerUnavailableException exception)
        {
            return TypedResults.Problem(exception.Message, statusCode: StatusCodes.Status503ServiceUnavailable);
        }
    }

    private static async ValueTask<object?> RequireKeyAsync(string key, EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var given = context.HttpContext.Request.Headers["X-Api-Key"].ToString();

        // Compared in constant time, so that the key cannot be guessed letter by letter.
        return CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(given), Encoding.UTF8.GetBytes(key))
            ? await next(context)
            : TypedResults.Problem("The header X-Api-Key is missing or wrong.", statusCode: StatusCodes.Status401Unauthorized);
    }
}
