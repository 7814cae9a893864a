using System.Runtime.CompilerServices;
using Acme._1.Messaging.Redis;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace Acme._1.EventStore;

/// <summary>
/// Events in Redis. Each is there once, in the stream that is the topic and the log of all events; beside it stands where the
/// events of each account are in there.
/// </summary>
internal sealed partial class RedisEventStore(RedisConnection connection, EventAppender appender, ILogger<RedisEventStore> logger) : IEventStore
{
    private const int PageSize = 250;
    private const int WrongVersion = 0;
    private const int IdInUse = -1;

    public Task AppendAsync(string stream, long expectedVersion, NewEvent newEvent, CancellationToken cancellationToken) => appender.AppendAsync(
        stream,
        newEvent,
        async (envelope, inner) =>
        {
            connection.RequireFits(envelope.Data.Length);
            var fields = RedisMessage.Write(EventMessage.WriteHeaders(envelope, stream, expectedVersion + 1), envelope.Data);
            var outcome = (int)await connection.RunConfirmedAsync(
                database => database.ScriptEvaluateAsync(
                    RedisEventLog.Append,
                    [RedisEventLog.Topic.Stream, RedisEventLog.PlacesOf(stream), RedisEventLog.Ids],
                    [expectedVersion, newEvent.EventId, RedisEventLog.Topic.Signals.ToString(), RedisQueue.Added, .. RedisMessage.Flatten(fields)]),
                inner);
            switch (outcome)
            {
                case WrongVersion:
                    throw new WrongExpectedVersionException(stream, expectedVersion);
                case IdInUse:
                    throw new EventIdInUseException(newEvent.EventId);
            }
        },
        cancellationToken);

    public async Task<StoredEvent?> FindAsync(string stream, string eventId, CancellationToken cancellationToken)
    {
        var place = await connection.RunAsync(database => database.HashGetAsync(RedisEventLog.Ids, eventId), cancellationToken);
        if (place.IsNull)
        {
            return null;
        }

        var found = await connection.RunAsync(database => GetAsync(database, place), cancellationToken);
        return found.Stream == stream ? found : null;
    }

    public async IAsyncEnumerable<StoredEvent> ReadAsync(
        string stream, long fromVersion, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        RedisValue[] places;
        var first = Math.Max(fromVersion, 1) - 1;
        do
        {
            // In one go: the client sends all these commands before it waits for the first answer.
            places = await connection.RunAsync(
                database => database.ListRangeAsync(RedisEventLog.PlacesOf(stream), first, first + PageSize - 1), cancellationToken);
            var page = await connection.RunAsync(
                database => Task.WhenAll(places.Select(place => GetAsync(database, place))), cancellationToken);
            foreach (var stored in page)
            {
                yield return stored;
            }

            first += PageSize;
        }
        while (places.Length == PageSize);
    }

    public async IAsyncEnumerable<StoredEvent> ReadAllAsync(string? afterPosition, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var log = RedisEventLog.Topic.Stream;
        var last = await connection.RunAsync(
            database => database.StreamRangeAsync(log, count: 1, messageOrder: Order.Descending), cancellationToken);
        if (last.Length == 0)
        {
            yield break;
        }

        RedisValue from = afterPosition is null ? "-" : $"({afterPosition}";
        StreamEntry[] page;
        do
        {
            page = await connection.RunAsync(database => database.StreamRangeAsync(log, from, last[0].Id, PageSize), cancellationToken);
            foreach (var entry in page)
            {
                if (Read(entry) is { } stored)
                {
                    yield return stored;
                }
                else
                {
                    LogNoEvent(entry.Id.ToString(), log.ToString());
                }
            }

            from = page.Length > 0 ? $"({page[^1].Id}" : from;
        }
        while (page.Length == PageSize);
    }

    /// <exception cref="UnreadableEventException">It is not there, or is no event: somebody else has touched the log.</exception>
    private static async Task<StoredEvent> GetAsync(IDatabase database, RedisValue place)
    {
        var found = await database.StreamRangeAsync(RedisEventLog.Topic.Stream, place, place);
        return (found.Length == 1 ? Read(found[0]) : null)
            ?? throw new UnreadableEventException($"the event at {place} is gone from the log {RedisEventLog.Topic.Name}");
    }

    private static StoredEvent? Read(StreamEntry entry)
    {
        var (headers, payload) = RedisMessage.Read(entry.Values);
        return EventMessage.Read(headers, payload, entry.Id.ToString());
    }

    [LoggerMessage(LogLevel.Warning, "The message {Id} in {Log} is no event, and is skipped")]
    private partial void LogNoEvent(string id, string log);
}
