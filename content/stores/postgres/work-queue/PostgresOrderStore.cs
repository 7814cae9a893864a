using Npgsql;

namespace Acme._1.Consumer.Stores;

internal sealed class PostgresOrderStore(PostgresDatabase database, PostgresTransaction transaction) : IOrderStore
{
    public const string Schema =
        """
        CREATE TABLE IF NOT EXISTS orders (
            order_id text PRIMARY KEY,
            effects  integer NOT NULL,
            attempts integer NOT NULL
        );
        """;

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
            transaction.Connection)
        {
            Parameters = { new() { Value = orderId }, new() { Value = attempt } },
        };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
