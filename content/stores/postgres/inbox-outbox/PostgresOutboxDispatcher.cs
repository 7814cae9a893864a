using System.Threading.Channels;
using Acme._1.Messaging;
using Npgsql;

namespace Acme._1.Consumer.Stores;

/// <summary>
/// Sends what handlers have put into the outbox, and removes it when the broker has confirmed it. A crash in between
/// sends a message twice, with the same id; its consumers' inboxes take care of that.
/// </summary>
internal sealed partial class PostgresOutboxDispatcher(
    PostgresDatabase database, OutboxSignal signal, IOutboxSender sender, TimeProvider clock, ILogger<PostgresOutboxDispatcher> logger)
    : BackgroundService
{
    private const int BatchSize = 100;

    /// <summary>The signal comes from this process only; this finds what another one left behind when it died.</summary>
    private static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (true)
            {
                if (!await TrySendBatchAsync(stoppingToken))
                {
                    await signal.WaitAsync(PollInterval, clock, stoppingToken);
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // What is left in the outbox is sent by the next process.
        }
    }

    /// <returns>True if there may be more to send at once.</returns>
    private async Task<bool> TrySendBatchAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await SendBatchAsync(cancellationToken);
        }
        catch (Exception exception) when (exception is BrokerUnavailableException or NpgsqlException)
        {
            LogNotSent(exception);
            return false;
        }
    }

    private async Task<bool> SendBatchAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenWhenAvailableAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);

        // Several instances share the work: each skips the rows that another one has locked.
        var batch = await ReadBatchAsync(connection, cancellationToken);
        if (batch.Count == 0)
        {
            return false;
        }

        await Task.WhenAll(batch.Select(entry => sender.SendAsync(entry.Message, cancellationToken)));

        await using var delete = new NpgsqlCommand("DELETE FROM outbox WHERE id = ANY($1)", connection)
        {
            Parameters = { new() { Value = batch.Select(entry => entry.Id).ToArray() } },
        };
        await delete.ExecuteNonQueryAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return batch.Count == BatchSize;
    }

    private static async Task<List<(long Id, OutgoingMessage Message)>> ReadBatchAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var batch = new List<(long, OutgoingMessage)>();
        await using var select = new NpgsqlCommand(
            "SELECT id, message_id, type, payload, trace_parent FROM outbox ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED", connection)
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
                    reader.GetFieldValue<byte[]>(3),
                    await reader.IsDBNullAsync(4, cancellationToken) ? null : reader.GetString(4))));
        }

        return batch;
    }

    [LoggerMessage(LogLevel.Warning, "The outbox could not be sent, trying again")]
    private partial void LogNotSent(Exception exception);
}

/// <summary>Tells the dispatcher that a handler has committed a message.</summary>
internal sealed class OutboxSignal
{
    private readonly Channel<bool> _channel = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    public void Set() => _channel.Writer.TryWrite(true);

    /// <summary>Returns when set, and at the latest after the timeout.</summary>
    public async Task WaitAsync(TimeSpan timeout, TimeProvider clock, CancellationToken cancellationToken)
    {
        using var timer = new CancellationTokenSource(timeout, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, cancellationToken);
        try
        {
            await _channel.Reader.ReadAsync(either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // Not set in time.
        }
    }
}
