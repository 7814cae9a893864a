using Npgsql;

namespace Acme._1.Consumer.Stores;

/// <summary>The deadlines in the database.</summary>
internal sealed class PostgresSagaTimeouts(PostgresDatabase database, TimeProvider clock) : ISagaTimeouts
{
    public async Task<IReadOnlyList<DueStep>> ClaimDueAsync(int take, DateTimeOffset until, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);

        // Several instances share the work: each skips the rows that another one, or a message, has locked.
        await using var command = new NpgsqlCommand(
            """
            UPDATE order_sagas SET due_at = $2 WHERE correlation_id IN (
                SELECT correlation_id FROM order_sagas WHERE due_at <= $1 ORDER BY due_at LIMIT $3 FOR UPDATE SKIP LOCKED)
            RETURNING order_id, token
            """,
            connection)
        {
            Parameters = { new() { Value = clock.GetUtcNow() }, new() { Value = until }, new() { Value = take } },
        };

        var due = new List<DueStep>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            due.Add(new(reader.GetString(0), reader.GetInt32(1)));
        }

        return due;
    }

    public async Task PostponeAsync(
        IReadOnlyCollection<string> orderIds, DateTimeOffset claimedUntil, DateTimeOffset until, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand("UPDATE order_sagas SET due_at = $3 WHERE order_id = ANY ($1) AND due_at = $2", connection)
        {
            Parameters = { new() { Value = orderIds.ToArray() }, new() { Value = claimedUntil }, new() { Value = until } },
        };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
