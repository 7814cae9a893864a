using System.Text.Json;
using Npgsql;
using NpgsqlTypes;

namespace Acme._1.Consumer.Stores;

/// <summary>A row for each saga: its state as a document, and in columns what is looked for.</summary>
internal sealed class PostgresSagaStore(PostgresDatabase database, PostgresTransaction transaction, TimeProvider clock) : ISagaStore
{
    public const string Schema =
        """
        CREATE TABLE IF NOT EXISTS sagas (
            order_id  text PRIMARY KEY,
            state     jsonb NOT NULL,
            due_at    timestamptz,
            parked_at timestamptz
        );
        CREATE INDEX IF NOT EXISTS sagas_due_at ON sagas (due_at) WHERE due_at IS NOT NULL;
        CREATE INDEX IF NOT EXISTS sagas_parked_at ON sagas (parked_at) WHERE parked_at IS NOT NULL;
        """;

    public async Task<OrderSagaState?> FindAsync(string orderId, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        return await FindAsync(connection, orderId, cancellationToken);
    }

    public async Task<OrderSagaState?> LoadAsync(string orderId, CancellationToken cancellationToken)
    {
        await transaction.Connection.LockAsync($"saga/{orderId}", cancellationToken);
        return await FindAsync(transaction.Connection, orderId, cancellationToken);
    }

    public async Task SaveAsync(OrderSagaState state, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            """
            INSERT INTO sagas (order_id, state, due_at, parked_at) VALUES ($1, $2, $3, $4)
            ON CONFLICT (order_id) DO UPDATE SET state = excluded.state, due_at = excluded.due_at, parked_at = excluded.parked_at
            """,
            transaction.Connection)
        {
            Parameters =
            {
                new() { Value = state.OrderId },
                new() { Value = JsonSerializer.Serialize(state, SagaJsonContext.Default.OrderSagaState), NpgsqlDbType = NpgsqlDbType.Jsonb },
                new() { Value = (object?)state.DueAt ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.TimestampTz },
                new() { Value = (object?)state.ParkedAt ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.TimestampTz },
            },
        };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    public async Task<IReadOnlyList<OrderSagaState>> ClaimDueAsync(int take, DateTimeOffset until, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);

        // Several instances share the work: each skips the rows that another one has locked.
        await using var command = new NpgsqlCommand(
            """
            UPDATE sagas SET due_at = $2 WHERE order_id IN (
                SELECT order_id FROM sagas WHERE due_at <= $1 ORDER BY due_at LIMIT $3 FOR UPDATE SKIP LOCKED)
            RETURNING state
            """,
            connection)
        {
            Parameters = { new() { Value = clock.GetUtcNow() }, new() { Value = until }, new() { Value = take } },
        };
        return await ReadAsync(command, cancellationToken);
    }

    public async Task PostponeAsync(
        IReadOnlyCollection<string> orderIds, DateTimeOffset claimedUntil, DateTimeOffset until, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand("UPDATE sagas SET due_at = $3 WHERE order_id = ANY ($1) AND due_at = $2", connection)
        {
            Parameters = { new() { Value = orderIds.ToArray() }, new() { Value = claimedUntil }, new() { Value = until } },
        };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    public async Task<IReadOnlyList<OrderSagaState>> ListParkedAsync(int take, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand(
            "SELECT state FROM sagas WHERE parked_at IS NOT NULL ORDER BY parked_at LIMIT $1", connection)
        {
            Parameters = { new() { Value = take } },
        };
        return await ReadAsync(command, cancellationToken);
    }

    private static async Task<OrderSagaState?> FindAsync(NpgsqlConnection connection, string orderId, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("SELECT state FROM sagas WHERE order_id = $1", connection)
        {
            Parameters = { new() { Value = orderId } },
        };
        return (await ReadAsync(command, cancellationToken)).SingleOrDefault();
    }

    private static async Task<List<OrderSagaState>> ReadAsync(NpgsqlCommand command, CancellationToken cancellationToken)
    {
        var sagas = new List<OrderSagaState>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            sagas.Add(JsonSerializer.Deserialize(reader.GetString(0), SagaJsonContext.Default.OrderSagaState)!);
        }

        return sagas;
    }
}
