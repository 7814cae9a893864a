using System.Text;
using Acme._1.Messaging;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Acme._1.EventStore;

/// <summary>
/// Sends the events that are not published yet, oldest first, and notes it when the broker has confirmed them. A crash in
/// between sends an event twice, with the same id; its readers' inboxes take care of that.
/// </summary>
internal sealed partial class PostgresEventDispatcher(
    EventDatabase database, UnpublishedEvents unpublished, IOutboxSender sender, TimeProvider clock, ILogger<PostgresEventDispatcher> logger)
    : BackgroundService
{
    private const int BatchSize = 100;

    /// <summary>The signal comes from this process only; this finds what another one left behind when it died.</summary>
    private static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan DelayAfterFailure = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (true)
            {
                await SendAllAsync(stoppingToken);
                await unpublished.WaitAsync(PollInterval, clock, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // What is not published is published by the next process.
        }
    }

    private async Task SendAllAsync(CancellationToken stoppingToken)
    {
        while (true)
        {
            try
            {
                if (!await SendBatchAsync(stoppingToken))
                {
                    return;
                }
            }
            catch (Exception exception) when (exception is BrokerUnavailableException or NpgsqlException)
            {
                LogNotSent(exception);
                await Task.Delay(DelayAfterFailure, clock, stoppingToken);
            }
        }
    }

    /// <returns>True if there may be more to send at once.</returns>
    private async Task<bool> SendBatchAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);

        // Several instances share the work: each skips the rows that another one has locked.
        var batch = await ReadBatchAsync(connection, cancellationToken);
        if (batch.Count == 0)
        {
            return false;
        }

        await Task.WhenAll(batch.Select(entry => sender.SendAsync(entry.Message, cancellationToken)));

        await using var update = new NpgsqlCommand("UPDATE events SET published_at = $1 WHERE position = ANY($2)", connection)
        {
            Parameters = { new() { Value = clock.GetUtcNow() }, new() { Value = batch.Select(entry => entry.Position).ToArray() } },
        };
        await update.ExecuteNonQueryAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return batch.Count == BatchSize;
    }

    private static async Task<List<(long Position, OutgoingMessage Message)>> ReadBatchAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var batch = new List<(long, OutgoingMessage)>();
        await using var select = new NpgsqlCommand(
            """
            SELECT position, event_id, type, data, trace_parent FROM events
            WHERE published_at IS NULL ORDER BY position LIMIT $1 FOR UPDATE SKIP LOCKED
            """,
            connection)
        {
            Parameters = { new() { Value = BatchSize } },
        };
        await using var reader = await select.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            batch.Add((
                reader.GetInt64(0),
                new(
                    reader.GetString(1),
                    reader.GetString(2),
                    Encoding.UTF8.GetBytes(reader.GetString(3)),
                    await reader.IsDBNullAsync(4, cancellationToken) ? null : reader.GetString(4))));
        }

        return batch;
    }

    [LoggerMessage(LogLevel.Warning, "Events could not be sent, trying again")]
    private partial void LogNotSent(Exception exception);
}
