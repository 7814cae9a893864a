using Npgsql;
using NpgsqlTypes;

namespace Acme._1.Consumer.Stores;

internal sealed class PostgresBalanceStore(PostgresDatabase database, PostgresTransaction transaction, TimeProvider clock) : IBalanceStore
{
    public const string Schema =
        """
        CREATE TABLE IF NOT EXISTS balances (
            generation bigint NOT NULL,
            account_id text NOT NULL,
            amount     numeric NOT NULL,
            version    bigint NOT NULL,
            PRIMARY KEY (generation, account_id)
        );

        CREATE TABLE IF NOT EXISTS projections (
            name               text PRIMARY KEY,
            generation         bigint NOT NULL,
            rebuild_generation bigint,
            rebuild_position   text,
            rebuild_events     bigint,
            rebuild_started_at timestamptz
        );
        INSERT INTO projections (name, generation) VALUES ('balances', 0) ON CONFLICT DO NOTHING;
        """;

    /// <summary>The one with the higher version has seen more, whoever comes last.</summary>
    private const string SetNewest =
        """
        INSERT INTO balances (generation, account_id, amount, version) VALUES ($1, $2, $3, $4)
        ON CONFLICT (generation, account_id) DO UPDATE SET amount = excluded.amount, version = excluded.version
        WHERE balances.version < excluded.version
        """;

    private const string SelectState =
        "SELECT generation, rebuild_generation, rebuild_position, rebuild_events, rebuild_started_at FROM projections WHERE name = 'balances'";

    public Task<Balance?> FindAsync(string accountId, CancellationToken cancellationToken) => WithConnectionAsync(async connection =>
    {
        await using var command = new NpgsqlCommand(
            """
            SELECT amount, version FROM balances
            WHERE account_id = $1 AND generation = (SELECT generation FROM projections WHERE name = 'balances')
            """,
            connection)
        {
            Parameters = { new() { Value = accountId } },
        };
        return await ReadAsync(command, accountId, cancellationToken);
    }, cancellationToken);

    public Task<Balance?> FindAsync(long generation, string accountId, CancellationToken cancellationToken) => WithConnectionAsync(async connection =>
    {
        await using var command = new NpgsqlCommand("SELECT amount, version FROM balances WHERE generation = $1 AND account_id = $2", connection)
        {
            Parameters = { new() { Value = generation }, new() { Value = accountId } },
        };
        return await ReadAsync(command, accountId, cancellationToken);
    }, cancellationToken);

    public Task<IReadOnlyDictionary<string, Balance>> FindAsync(
        long generation, IReadOnlyCollection<string> accountIds, CancellationToken cancellationToken) => WithConnectionAsync(async connection =>
    {
        await using var command = new NpgsqlCommand(
            "SELECT account_id, amount, version FROM balances WHERE generation = $1 AND account_id = ANY ($2)", connection)
        {
            Parameters = { new() { Value = generation }, new() { Value = accountIds.ToArray() } },
        };
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var found = new Dictionary<string, Balance>();
        while (await reader.ReadAsync(cancellationToken))
        {
            var id = reader.GetString(0);
            found[id] = new(id, reader.GetDecimal(1), reader.GetInt64(2));
        }

        return (IReadOnlyDictionary<string, Balance>)found;
    }, cancellationToken);

    public async Task SetAsync(long generation, Balance balance, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(SetNewest, transaction.Connection)
        {
            Parameters =
            {
                new() { Value = generation },
                new() { Value = balance.Id },
                new() { Value = balance.Amount },
                new() { Value = balance.Version },
            },
        };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    public Task<ProjectionState> GetStateAsync(CancellationToken cancellationToken) =>
        WithConnectionAsync(connection => ReadStateAsync(connection, cancellationToken), cancellationToken);

    public async Task<ProjectionState> StartRebuildAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand(
            """
            UPDATE projections SET rebuild_generation = generation + 1, rebuild_position = NULL, rebuild_events = 0, rebuild_started_at = $1
            WHERE name = 'balances' AND rebuild_generation IS NULL
            """,
            connection)
        {
            Parameters = { new() { Value = clock.GetUtcNow() } },
        };
        await command.ExecuteNonQueryAsync(cancellationToken);
        return await ReadStateAsync(connection, cancellationToken);
    }

    public async Task<bool> SaveProgressAsync(
        Rebuild before, Rebuild after, IReadOnlyCollection<Balance> balances, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        await using var rebuilding = await connection.BeginTransactionAsync(cancellationToken);
        await using var checkpoint = new NpgsqlCommand(
            """
            UPDATE projections SET rebuild_position = $3, rebuild_events = $4
            WHERE name = 'balances' AND rebuild_generation = $1 AND rebuild_position IS NOT DISTINCT FROM $2
            """,
            connection)
        {
            Parameters =
            {
                new() { Value = before.Generation },
                new() { Value = (object?)before.Position ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text },
                new() { Value = (object?)after.Position ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text },
                new() { Value = after.Events },
            },
        };
        if (await checkpoint.ExecuteNonQueryAsync(cancellationToken) == 0)
        {
            return false;
        }

        // In the order of their keys, as everyone has to who locks more than one row.
        await using var rows = new NpgsqlBatch(connection);
        foreach (var balance in balances.OrderBy(balance => balance.Id, StringComparer.Ordinal))
        {
            rows.BatchCommands.Add(new(SetNewest)
            {
                Parameters =
                {
                    new() { Value = after.Generation },
                    new() { Value = balance.Id },
                    new() { Value = balance.Amount },
                    new() { Value = balance.Version },
                },
            });
        }

        if (rows.BatchCommands.Count > 0)
        {
            await rows.ExecuteNonQueryAsync(cancellationToken);
        }

        await rebuilding.CommitAsync(cancellationToken);
        return true;
    }

    public async Task FinishRebuildAsync(Rebuild rebuild, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        await using var switching = await connection.BeginTransactionAsync(cancellationToken);
        await using var serve = new NpgsqlCommand(
            """
            UPDATE projections
            SET generation = rebuild_generation, rebuild_generation = NULL, rebuild_position = NULL, rebuild_events = NULL, rebuild_started_at = NULL
            WHERE name = 'balances' AND rebuild_generation = $1 AND rebuild_position IS NOT DISTINCT FROM $2
            """,
            connection)
        {
            Parameters =
            {
                new() { Value = rebuild.Generation },
                new() { Value = (object?)rebuild.Position ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text },
            },
        };
        if (await serve.ExecuteNonQueryAsync(cancellationToken) == 0)
        {
            return;
        }

        await using var delete = new NpgsqlCommand("DELETE FROM balances WHERE generation <> $1", connection)
        {
            Parameters = { new() { Value = rebuild.Generation } },
        };
        await delete.ExecuteNonQueryAsync(cancellationToken);
        await switching.CommitAsync(cancellationToken);
    }

    /// <summary>
    /// While a message is handled, over the connection of its transaction: a handler that holds one and waits for another could
    /// wait for other handlers that do the same.
    /// </summary>
    private async Task<T> WithConnectionAsync<T>(Func<NpgsqlConnection, Task<T>> query, CancellationToken cancellationToken)
    {
        if (transaction.IsRunning)
        {
            return await query(transaction.Connection);
        }

        await using var connection = await database.OpenAsync(cancellationToken);
        return await query(connection);
    }

    private static async Task<Balance?> ReadAsync(NpgsqlCommand command, string accountId, CancellationToken cancellationToken)
    {
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? new(accountId, reader.GetDecimal(0), reader.GetInt64(1)) : null;
    }

    private static async Task<ProjectionState> ReadStateAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(SelectState, connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return new(
            reader.GetInt64(0),
            await reader.IsDBNullAsync(1, cancellationToken)
                ? null
                : new(
                    reader.GetInt64(1),
                    await reader.IsDBNullAsync(2, cancellationToken) ? null : reader.GetString(2),
                    reader.GetInt64(3),
                    reader.GetFieldValue<DateTimeOffset>(4)));
    }
}
