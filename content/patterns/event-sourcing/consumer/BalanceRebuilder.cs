using System.Diagnostics.CodeAnalysis;
using Acme._1.Contracts;
using Acme._1.EventStore;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;

namespace Acme._1.Consumer;

/// <summary>
/// Builds a new generation of the balances from all events there are, while the old one is served. Where it stands is in the
/// store: a process that dies in the middle is followed by one that goes on there. A store that has no balances yet gets its
/// first generation in the same way, so that a projection which is added later knows the past.
/// </summary>
internal sealed partial class BalanceRebuilder(
    IServiceScopeFactory scopes,
    RebuildRequest request,
    HealthCheckService health,
    IOptions<ProjectionOptions> options,
    TimeProvider clock,
    ILogger<BalanceRebuilder> logger)
    : BackgroundService
{
    /// <summary>The request comes to one process only; this finds what another one left behind when it died.</summary>
    private static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(2);

    /// <summary>While there is nothing that could be served yet.</summary>
    private static readonly TimeSpan FirstPollInterval = TimeSpan.FromMilliseconds(200);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (true)
            {
                var isBuilt = await TryRebuildAsync(stoppingToken);
                await request.WaitAsync(isBuilt ? PollInterval : FirstPollInterval, clock, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The next process goes on.
        }
    }

    [SuppressMessage("Design", "CA1031", Justification = "A rebuild must get over every failure of the store; it is logged, and tried again.")]
    private async Task<bool> TryRebuildAsync(CancellationToken stoppingToken)
    {
        try
        {
            return await RebuildAsync(stoppingToken);
        }
        catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
        {
            LogInterrupted(exception);
            return true;
        }
    }

    /// <returns>Whether there is a generation that has seen all events.</returns>
    private async Task<bool> RebuildAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var balances = scope.ServiceProvider.GetRequiredService<IBalanceStore>();
        var events = scope.ServiceProvider.GetRequiredService<IEventReader>();

        var state = await balances.GetStateAsync(cancellationToken);
        if (state is { Generation: 0, Rebuild: null } && await IsSubscribedAsync(cancellationToken))
        {
            state = await balances.StartRebuildAsync(cancellationToken);
        }

        if (state.Rebuild is not { } rebuild)
        {
            return state.Generation > 0;
        }

        LogStarted(rebuild.Generation, rebuild.Events);
        await foreach (var batch in events.ReadAllAsync(rebuild.Position, cancellationToken).Chunk(options.Value.BatchSize))
        {
            var further = rebuild with { Position = batch[^1].Position, Events = rebuild.Events + batch.Length };
            var rows = await ApplyAsync(balances, rebuild.Generation, batch, cancellationToken);
            if (!await balances.SaveProgressAsync(rebuild, further, rows, cancellationToken))
            {
                // Another instance works on it and is further.
                return true;
            }

            rebuild = further;
            await Task.Delay(options.Value.PauseBetweenBatches, clock, cancellationToken);
        }

        // The end of the events was reached after the rebuild had begun: handlers have put what came later into this
        // generation themselves.
        await balances.FinishRebuildAsync(rebuild, cancellationToken);
        LogFinished(rebuild.Generation, rebuild.Events);
        return true;
    }

    private static async Task<IReadOnlyCollection<Balance>> ApplyAsync(
        IBalanceStore balances, long generation, IReadOnlyList<StoredEvent> batch, CancellationToken cancellationToken)
    {
        var accounts = batch.Select(stored => Streams.AccountOf(stored.Stream)).OfType<string>().ToHashSet();
        var rows = new Dictionary<string, Balance>(await balances.FindAsync(generation, accounts, cancellationToken));
        foreach (var stored in batch)
        {
            if (Streams.AccountOf(stored.Stream) is not { } account)
            {
                continue;
            }

            var row = rows.GetValueOrDefault(account) ?? new(account, Amount: 0, Version: 0);

            // A handler may have taken this row further meanwhile.
            rows[account] = row.Version >= stored.Version
                ? row
                : row with { Amount = row.Amount + (BalanceChange.Of(stored.Data)?.Amount ?? 0), Version = stored.Version };
        }

        return rows.Values;
    }

    /// <summary>
    /// The past is read once this service gets the present: an event that is stored before there is a queue for it, and after
    /// the events were read, would be in neither.
    /// </summary>
    private async Task<bool> IsSubscribedAsync(CancellationToken cancellationToken) =>
        (await health.CheckHealthAsync(check => check.Name == "broker", cancellationToken)).Status is not HealthStatus.Unhealthy;

    [LoggerMessage(LogLevel.Information, "Building generation {Generation} of the balances, {Events} events are in it")]
    private partial void LogStarted(long generation, long events);

    [LoggerMessage(LogLevel.Information, "Generation {Generation} of the balances is served; it was built of {Events} events")]
    private partial void LogFinished(long generation, long events);

    [LoggerMessage(LogLevel.Warning, "Rebuilding the balances was interrupted, trying again")]
    private partial void LogInterrupted(Exception exception);
}

/// <summary>Tells the rebuilder that a rebuild was asked for.</summary>
internal sealed class RebuildRequest : WakeUpCall;
