using Acme._1.Messaging;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Acme._1.Consumer.Stores;

/// <summary>
/// One database transaction for everything a message brings about: the note that it was processed (inbox), its effects
/// and the messages it leads to (outbox). They are there together or not at all.
/// </summary>
internal sealed class PostgresTransaction(PostgresDatabase database, OutboxSignal signal, IOptions<MessagingOptions> options) : IInbox, IOutbox
{
    private readonly List<OutgoingMessage> _messages = [];

    /// <summary>The connection of the running transaction: what is written through it is committed with the message.</summary>
    /// <exception cref="InvalidOperationException">No message is being handled.</exception>
    public NpgsqlConnection Connection
    {
        get => field ?? throw new InvalidOperationException("There is no transaction: no message is being handled in this scope.");
        private set;
    }

    /// <summary>Whether a message is being handled in this scope.</summary>
    public bool IsRunning { get; private set; }

    public async Task<bool> RunOnceAsync(string queue, string messageId, Func<CancellationToken, Task> work, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenWhenAvailableAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        Connection = connection;
        IsRunning = true;

        if (!await TryEnterAsync(queue, messageId, cancellationToken))
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
        where T : class => _messages.Add(OutgoingMessage.Create(message, options.Value.MaxMessageBytes));

    /// <summary>
    /// False if the message was processed. If a twin of it is being processed right now, elsewhere perhaps, the insert
    /// waits until that transaction ends: the same message never runs twice at once.
    /// </summary>
    private async Task<bool> TryEnterAsync(string queue, string messageId, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            "INSERT INTO inbox (queue, message_id) VALUES ($1, $2) ON CONFLICT DO NOTHING", Connection)
        {
            Parameters = { new() { Value = queue }, new() { Value = messageId } },

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
                "INSERT INTO outbox (message_id, type, payload, trace_parent) VALUES ($1, $2, $3, $4)", Connection)
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
