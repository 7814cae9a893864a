using Npgsql;

namespace Acme._1.EventStore;

internal sealed class PostgresSnapshotStore(EventDatabase database) : ISnapshotStore
{
    public const string Schema =
        """
        CREATE TABLE IF NOT EXISTS snapshots (
            stream         text PRIMARY KEY,
            version        bigint NOT NULL,
            schema_version integer NOT NULL,
            state          bytea NOT NULL
        );
        """;

    public async Task<Snapshot?> FindAsync(string stream, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand("SELECT version, schema_version, state FROM snapshots WHERE stream = $1", connection)
        {
            Parameters = { new() { Value = stream } },
        };
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken)
            ? new(stream, reader.GetInt64(0), reader.GetInt32(1), reader.GetFieldValue<byte[]>(2))
            : null;
    }

    public async Task SaveAsync(Snapshot snapshot, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand(
            """
            INSERT INTO snapshots (stream, version, schema_version, state) VALUES ($1, $2, $3, $4)
            ON CONFLICT (stream) DO UPDATE SET version = excluded.version, schema_version = excluded.schema_version, state = excluded.state
            """,
            connection)
        {
            Parameters =
            {
                new() { Value = snapshot.Stream },
                new() { Value = snapshot.Version },
                new() { Value = snapshot.SchemaVersion },
                new() { Value = snapshot.State },
            },
        };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    public async Task DeleteAsync(string stream, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand("DELETE FROM snapshots WHERE stream = $1", connection)
        {
            Parameters = { new() { Value = stream } },
        };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
