using System.Diagnostics;
using System.Text.Json;
using Acme._1.Contracts;
using Acme._1.Messaging;
using Npgsql;

namespace Acme._1.Consumer.Stores;

/// <summary>
/// One database transaction for everything a message brings about: the note that it was processed (inbox), its effects
/// (orders) and the messages it leads to (outbox). They are there together or not at all.
/// </summary>
internal sealed class PostgresTransaction(PostgresDatabase database, OutboxSignal signal) : IInbox, IOutbox, IOrderStore
{
    private readonly List<OutgoingMessage> _messages = [];
    private NpgsqlConnection? _connection;

    public async Task<bool> RunOnceAsync(string messageId, Func<CancellationToken, Task> work, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenWhenAvailableAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        _connection = connection;

        if (!await TryEnterAsync(messageId, cancellationToken))
        {
            return false;
        }

        await work(cancellationToken);
        await StoreMessagesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);

        if (_messages.Count > 0)
        {
            signal.Set();
        }

        return true;
    }

    public void Add<T>(T message)
        where T : class
    {
        var type = MessageTypes.Of(typeof(T));
        _messages.Add(new(
            Guid.CreateVersion7().ToString(), type.Name, JsonSerializer.SerializeToUtf8Bytes(message, type.Json), Activity.Current?.Id));
    }

    public async Task<OrderStatus?> FindAsync(string orderId, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand("SELECT effects, attempts FROM orders WHERE order_id = $1", connection)
        {
            Parameters = { new() { Value = orderId } },
        };
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken)
            ? new(orderId, "processed", reader.GetInt32(0), reader.GetInt32(1))
            : null;
    }

    public async Task AddEffectAsync(string orderId, int attempt, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            """
            INSERT INTO orders (order_id, effects, attempts) VALUES ($1, 1, $2)
            ON CONFLICT (order_id) DO UPDATE SET effects = orders.effects + 1, attempts = excluded.attempts
            """,
            _connection)
        {
            Parameters = { new() { Value = orderId }, new() { Value = attempt } },
        };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>
    /// False if the message was processed. If a twin of it is being processed right now, elsewhere perhaps, the insert
    /// waits until that transaction ends: the same message never runs twice at once.
    /// </summary>
    private async Task<bool> TryEnterAsync(string messageId, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("INSERT INTO inbox (message_id) VALUES ($1) ON CONFLICT DO NOTHING", _connection)
        {
            Parameters = { new() { Value = messageId } },

            // No limit (seconds): how long a twin may take is its handler's timeout.
            CommandTimeout = 0,
        };
        return await command.ExecuteNonQueryAsync(cancellationToken) == 1;
    }

    private async Task StoreMessagesAsync(CancellationToken cancellationToken)
    {
        foreach (var message in _messages)
        {
            await using var command = new NpgsqlCommand(
                "INSERT INTO outbox (message_id, type, payload, trace_parent) VALUES ($1, $2, $3, $4)", _connection)
            {
                Parameters =
                {
                    new() { Value = message.MessageId },
                    new() { Value = message.Type },
                    new() { Value = message.Payload },
                    new() { Value = (object?)message.TraceParent ?? DBNull.Value },
                },
            };
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
    }
}
