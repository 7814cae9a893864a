using Npgsql;

namespace Acme._1.Consumer.Stores;

/// <summary>Forgets processed messages after a week: longer than any broker or client repeats itself.</summary>
internal sealed partial class PostgresInboxCleanup(PostgresDatabase database, TimeProvider clock, ILogger<PostgresInboxCleanup> logger)
    : BackgroundService
{
    private static readonly TimeSpan Retention = TimeSpan.FromDays(7);
    private static readonly TimeSpan Interval = TimeSpan.FromHours(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, clock);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                await DeleteOldAsync(stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Nothing is lost: the next process cleans up.
        }
    }

    private async Task DeleteOldAsync(CancellationToken cancellationToken)
    {
        try
        {
            await using var connection = await database.OpenWhenAvailableAsync(cancellationToken);
            await using var command = new NpgsqlCommand("DELETE FROM inbox WHERE processed_at < $1", connection)
            {
                Parameters = { new() { Value = clock.GetUtcNow() - Retention } },
            };
            LogDeleted(await command.ExecuteNonQueryAsync(cancellationToken));
        }
        catch (NpgsqlException exception)
        {
            LogNotDeleted(exception);
        }
    }

    [LoggerMessage(LogLevel.Debug, "Removed {Count} old entries from the inbox")]
    private partial void LogDeleted(int count);

    [LoggerMessage(LogLevel.Warning, "Old entries of the inbox could not be removed; the next try is in an hour")]
    private partial void LogNotDeleted(Exception exception);
}
