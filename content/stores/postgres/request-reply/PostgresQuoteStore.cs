using Npgsql;

namespace Acme._1.Consumer.Stores;

internal sealed class PostgresQuoteStore(PostgresDatabase database) : IQuoteStore
{
    public const string Schema =
        """
        CREATE TABLE IF NOT EXISTS quotes (
            request_id text PRIMARY KEY,
            sku        text NOT NULL,
            quantity   integer NOT NULL,
            unit_price numeric NOT NULL,
            total      numeric NOT NULL,
            issued_at  timestamptz NOT NULL,
            attempts   integer NOT NULL
        );
        """;

    public async Task<IssuedQuote> GetOrAddAsync(IssuedQuote quote, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenWhenAvailableAsync(cancellationToken);
        await using var command = new NpgsqlCommand(
            """
            INSERT INTO quotes (request_id, sku, quantity, unit_price, total, issued_at, attempts) VALUES ($1, $2, $3, $4, $5, $6, $7)
            ON CONFLICT (request_id) DO NOTHING
            """,
            connection)
        {
            Parameters =
            {
                new() { Value = quote.RequestId },
                new() { Value = quote.Quote.Sku },
                new() { Value = quote.Quote.Quantity },
                new() { Value = quote.Quote.UnitPrice },
                new() { Value = quote.Quote.Total },
                new() { Value = quote.IssuedAt },
                new() { Value = quote.Attempts },
            },
        };
        return await command.ExecuteNonQueryAsync(cancellationToken) == 1
            ? quote
            : (await FindAsync(connection, quote.RequestId, cancellationToken))!;
    }

    public async Task<IssuedQuote?> FindAsync(string requestId, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        return await FindAsync(connection, requestId, cancellationToken);
    }

    private static async Task<IssuedQuote?> FindAsync(NpgsqlConnection connection, string requestId, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            "SELECT sku, quantity, unit_price, total, issued_at, attempts FROM quotes WHERE request_id = $1", connection)
        {
            Parameters = { new() { Value = requestId } },
        };
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken)
            ? new(
                requestId,
                new(reader.GetString(0), reader.GetInt32(1), reader.GetDecimal(2), reader.GetDecimal(3)),
                reader.GetFieldValue<DateTimeOffset>(4),
                reader.GetInt32(5))
            : null;
    }
}
