using Npgsql;

namespace Acme._1.Consumer.Stores;

internal sealed class PostgresOrderLog(PostgresDatabase database, PostgresTransaction transaction) : IOrderLog
{
    public const string Schema =
        """
        CREATE TABLE IF NOT EXISTS order_log (
            subscriber text NOT NULL,
            order_id   text NOT NULL,
            effects    integer NOT NULL,
            attempts   integer NOT NULL,
            PRIMARY KEY (subscriber, order_id)
        );
        """;

    public async Task<OrderStatus?> FindAsync(string subscriber, string orderId, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand("SELECT effects, attempts FROM order_log WHERE subscriber = $1 AND order_id = $2", connection)
        {
            Parameters = { new() { Value = subscriber }, new() { Value = orderId } },
        };
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken)
            ? new(orderId, "processed", reader.GetInt32(0), reader.GetInt32(1))
            : null;
    }

    public async Task AddEffectAsync(string subscriber, string orderId, int attempt, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            """
            INSERT INTO order_log (subscriber, order_id, effects, attempts) VALUES ($1, $2, 1, $3)
            ON CONFLICT (subscriber, order_id) DO UPDATE SET effects = order_log.effects + 1, attempts = excluded.attempts
            """,
            transaction.Connection)
        {
            Parameters = { new() { Value = subscriber }, new() { Value = orderId }, new() { Value = attempt } },
        };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
