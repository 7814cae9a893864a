using Microsoft.AspNetCore.Http.HttpResults;

namespace Acme._1.Consumer;

public static class BalanceEndpoints
{
    /// <summary>Shows what the projection knows: what is in the accounts as of a moment ago.</summary>
    public static void MapBalances(this IEndpointRouteBuilder routes) => routes.MapGet("/balances/{id}", FindAsync);

    /// <summary>For the person on duty: how the projection is, and how to build it anew.</summary>
    public static void MapProjections(this IEndpointRouteBuilder ops)
    {
        ops.MapGet("/projections", async (IBalanceStore balances, CancellationToken cancellationToken) =>
            TypedResults.Ok(new[] { ProjectionInfo.Of(await balances.GetStateAsync(cancellationToken)) }));
        ops.MapPost("/projections/balances/rebuild", RebuildAsync);
    }

    private static async Task<Results<Ok<BalanceInfo>, ProblemHttpResult>> FindAsync(
        string id, IBalanceStore balances, CancellationToken cancellationToken) =>
        await balances.FindAsync(id, cancellationToken) is { } balance
            ? TypedResults.Ok(new BalanceInfo(balance.Id, balance.Amount, balance.Version))
            : TypedResults.Problem($"Nothing is known of an account {id}.", statusCode: StatusCodes.Status404NotFound);

    private static async Task<Accepted<ProjectionInfo>> RebuildAsync(
        IBalanceStore balances, RebuildRequest request, CancellationToken cancellationToken)
    {
        var state = await balances.StartRebuildAsync(cancellationToken);
        request.Set();
        return TypedResults.Accepted("/ops/projections", ProjectionInfo.Of(state));
    }
}

/// <param name="Id">The account.</param>
/// <param name="Balance">What is in it.</param>
/// <param name="Version">The version of the last event that went into that.</param>
public sealed record BalanceInfo(string Id, decimal Balance, long Version);

/// <param name="Name">The projection.</param>
/// <param name="Generation">The generation that is served.</param>
/// <param name="Rebuild">The one that is being built, or null.</param>
public sealed record ProjectionInfo(string Name, long Generation, Rebuild? Rebuild)
{
    public static ProjectionInfo Of(ProjectionState state) => new("balances", state.Generation, state.Rebuild);
}
