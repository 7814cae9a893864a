using Npgsql;

namespace Acme._1.Consumer.Stores;

internal sealed class PostgresStepRecords(PostgresDatabase database, PostgresTransaction transaction) : IStepRecords
{
    public const string Schema =
        """
        CREATE TABLE IF NOT EXISTS step_records (
            order_id     text NOT NULL,
            participant  text NOT NULL,
            status       text NOT NULL,
            times_done   integer NOT NULL,
            times_undone integer NOT NULL,
            refusal      text,
            changed_at   timestamptz NOT NULL,
            PRIMARY KEY (order_id, participant)
        );
        """;

    private const string Select =
        "SELECT participant, status, times_done, times_undone, refusal, changed_at FROM step_records WHERE order_id = $1";

    public async Task<IReadOnlyList<StepRecord>> FindAllAsync(string orderId, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand($"{Select} ORDER BY changed_at", connection)
        {
            Parameters = { new() { Value = orderId } },
        };
        return await ReadAsync(command, orderId, cancellationToken);
    }

    public async Task<StepRecord?> LoadAsync(string participant, string orderId, CancellationToken cancellationToken)
    {
        await transaction.Connection.LockAsync($"{participant}/{orderId}", cancellationToken);
        await using var command = new NpgsqlCommand($"{Select} AND participant = $2", transaction.Connection)
        {
            Parameters = { new() { Value = orderId }, new() { Value = participant } },
        };
        return (await ReadAsync(command, orderId, cancellationToken)).SingleOrDefault();
    }

    public async Task SaveAsync(StepRecord record, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            """
            INSERT INTO step_records (order_id, participant, status, times_done, times_undone, refusal, changed_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7)
            ON CONFLICT (order_id, participant) DO UPDATE SET
                status = excluded.status, times_done = excluded.times_done, times_undone = excluded.times_undone,
                refusal = excluded.refusal, changed_at = excluded.changed_at
            """,
            transaction.Connection)
        {
            Parameters =
            {
                new() { Value = record.OrderId },
                new() { Value = record.Participant },
                new() { Value = record.Status.ToString() },
                new() { Value = record.TimesDone },
                new() { Value = record.TimesUndone },
                new() { Value = (object?)record.Refusal ?? DBNull.Value },
                new() { Value = record.ChangedAt },
            },
        };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static async Task<List<StepRecord>> ReadAsync(NpgsqlCommand command, string orderId, CancellationToken cancellationToken)
    {
        var records = new List<StepRecord>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            records.Add(new(
                reader.GetString(0),
                orderId,
                Enum.Parse<StepStatus>(reader.GetString(1)),
                reader.GetInt32(2),
                reader.GetInt32(3),
                await reader.IsDBNullAsync(4, cancellationToken) ? null : reader.GetString(4),
                reader.GetFieldValue<DateTimeOffset>(5)));
        }

        return records;
    }
}
