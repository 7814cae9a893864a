using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using Npgsql;
using NpgsqlTypes;

namespace Acme._1.EventStore;

/// <summary>
/// All events in one table. It is its own outbox: a row that is not published yet is sent by <see cref="PostgresEventDispatcher"/>,
/// so there is no event without its message and no message without its event.
/// </summary>
internal sealed class PostgresEventStore(EventDatabase database, UnpublishedEvents unpublished, TimeProvider clock) : IEventStore
{
    public const string Schema =
        """
        CREATE TABLE IF NOT EXISTS events (
            position     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            stream       text NOT NULL,
            version      bigint NOT NULL,
            event_id     text NOT NULL,
            type         text NOT NULL,
            data         json NOT NULL,
            stored_at    timestamptz NOT NULL,
            trace_parent text,
            published_at timestamptz,
            CONSTRAINT events_stream_version UNIQUE (stream, version),
            CONSTRAINT events_event_id UNIQUE (event_id)
        );
        CREATE INDEX IF NOT EXISTS events_unpublished ON events (position) WHERE published_at IS NULL;
        """;

    /// <summary>
    /// Appends take turns until they are committed. Without that, an event could become visible after one with a higher
    /// position, and whoever reads on from there would never see it. It costs what lies between two commits; if that ever is too
    /// slow, readers have to learn to wait for gaps instead.
    /// </summary>
    private const string TakeTurn = "SELECT pg_advisory_xact_lock(hashtext('acme-1.events'))";

    /// <summary>The turn makes the comparison certain; the constraint would, too, but it alone lets through a version that leaves a gap.</summary>
    private const string Append =
        """
        INSERT INTO events (stream, version, event_id, type, data, stored_at, trace_parent)
        SELECT $1, $2 + 1, $3, $4, $5, $6, $7
        WHERE COALESCE((SELECT max(version) FROM events WHERE stream = $1), 0) = $2
        """;

    private const string Select = "SELECT stream, version, event_id, type, data, stored_at, position FROM events";

    private const int PageSize = 500;

    public async Task AppendAsync(string stream, long expectedVersion, NewEvent newEvent, CancellationToken cancellationToken)
    {
        var (type, data) = EventSerializer.Write(newEvent.Data);
        await using var connection = await database.OpenAsync(cancellationToken);

        // One round trip, one transaction.
        await using var batch = new NpgsqlBatch(connection)
        {
            BatchCommands =
            {
                new(TakeTurn),
                new(Append)
                {
                    Parameters =
                    {
                        new() { Value = stream },
                        new() { Value = expectedVersion },
                        new() { Value = newEvent.EventId },
                        new() { Value = type },
                        new() { Value = Encoding.UTF8.GetString(data), NpgsqlDbType = NpgsqlDbType.Json },
                        new() { Value = clock.GetUtcNow(), NpgsqlDbType = NpgsqlDbType.TimestampTz },
                        new() { Value = (object?)Activity.Current?.Id ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text },
                    },
                },
            },
        };
        try
        {
            await batch.ExecuteNonQueryAsync(cancellationToken);
        }
        catch (PostgresException exception) when (exception is { SqlState: PostgresErrorCodes.UniqueViolation, ConstraintName: "events_stream_version" })
        {
            throw new WrongExpectedVersionException(stream, expectedVersion, exception);
        }
        catch (PostgresException exception) when (exception is { SqlState: PostgresErrorCodes.UniqueViolation, ConstraintName: "events_event_id" })
        {
            throw new EventIdInUseException(newEvent.EventId, exception);
        }

        if (batch.BatchCommands[1].RecordsAffected == 0)
        {
            throw new WrongExpectedVersionException(stream, expectedVersion);
        }

        unpublished.Set();
    }

    public async Task<StoredEvent?> FindAsync(string stream, string eventId, CancellationToken cancellationToken) =>
        await QueryAsync($"{Select} WHERE event_id = $1 AND stream = $2", [eventId, stream], cancellationToken) is [var found] ? found : null;

    public IAsyncEnumerable<StoredEvent> ReadAsync(string stream, long fromVersion, CancellationToken cancellationToken) =>
        ReadPagesAsync(
            $"{Select} WHERE version >= $1 AND stream = $2 ORDER BY version LIMIT {PageSize}",
            fromVersion,
            stream,
            last => last.Version + 1,
            cancellationToken);

    public async IAsyncEnumerable<StoredEvent> ReadAllAsync(string? afterPosition, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var end = await FindEndAsync(cancellationToken);
        var pages = ReadPagesAsync(
            $"{Select} WHERE position > $1 AND position <= $2 ORDER BY position LIMIT {PageSize}",
            afterPosition is null ? 0 : PositionOf(afterPosition),
            end,
            last => PositionOf(last.Position),
            cancellationToken);
        await foreach (var stored in pages)
        {
            yield return stored;
        }
    }

    /// <summary>Appends take turns, so what is not visible now gets a higher position.</summary>
    private async Task<long> FindEndAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand("SELECT COALESCE(max(position), 0) FROM events", connection);
        return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    /// <summary>Page by page, so that no connection is held while the reader works, and no stream has to fit into memory.</summary>
    private async IAsyncEnumerable<StoredEvent> ReadPagesAsync(
        string query, long from, object limit, Func<StoredEvent, long> next, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (true)
        {
            var page = await QueryAsync(query, [from, limit], cancellationToken);
            foreach (var stored in page)
            {
                yield return stored;
            }

            if (page.Count < PageSize)
            {
                yield break;
            }

            from = next(page[^1]);
        }
    }

    private async Task<List<StoredEvent>> QueryAsync(string query, object[] parameters, CancellationToken cancellationToken)
    {
        var events = new List<StoredEvent>();
        await using var connection = await database.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand(query, connection);
        command.Parameters.AddRange(parameters.Select(value => new NpgsqlParameter { Value = value }).ToArray());
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            var storedAt = reader.GetFieldValue<DateTimeOffset>(5);
            events.Add(new(
                reader.GetString(0),
                reader.GetInt64(1),
                reader.GetString(2),
                EventSerializer.Read(reader.GetString(3), Encoding.UTF8.GetBytes(reader.GetString(4)), storedAt),
                storedAt,
                reader.GetInt64(6).ToString(CultureInfo.InvariantCulture)));
        }

        return events;
    }

    private static long PositionOf(string position) => long.Parse(position, NumberStyles.None, CultureInfo.InvariantCulture);
}

/// <summary>Tells the dispatcher that there is an event to send.</summary>
internal sealed class UnpublishedEvents : WakeUpCall;
