using StackExchange.Redis;

namespace Acme._1.Messaging.Redis;

/// <summary>
/// Works on the dead letters where they are, in their stream: looking at them changes nothing. There is no index of
/// message ids, so the time to find one grows with the number of dead letters; the memory does not.
/// </summary>
internal sealed class RedisDeadLetterQueue(RedisConnection connection, HandlerRegistry registry) : IDeadLetterQueue
{
    private const int PageSize = 50;

    private IEnumerable<RedisQueue> Queues => registry.Queues.Select(name => new RedisQueue(name));

    public async Task<IReadOnlyList<DeadLetter>> ListAsync(int take, CancellationToken cancellationToken)
    {
        connection.RequireConnected();
        var letters = new List<DeadLetter>();
        foreach (var queue in Queues)
        {
            var entries = await connection.RunAsync(
                database => database.StreamRangeAsync(queue.DeadLetters, count: take, messageOrder: Order.Descending), cancellationToken);
            letters.AddRange(entries.Select(entry => ToDeadLetter(queue, entry)));
        }

        return [.. letters.OrderByDescending(letter => letter.LastFailure).Take(take)];
    }

    public async Task<DeadLetter?> FindAsync(string messageId, CancellationToken cancellationToken)
    {
        DeadLetter? found = null;
        await VisitAsync(
            (letter, _, _) =>
            {
                found = letter.MessageId == messageId ? letter : found;
                return Task.FromResult(false);
            },
            cancellationToken);
        return found;
    }

    public async Task<bool> ReplayAsync(string messageId, CancellationToken cancellationToken) =>
        await ReplayAsync(letter => letter.MessageId == messageId, cancellationToken) > 0;

    public Task<int> ReplayAllAsync(CancellationToken cancellationToken) => ReplayAsync(_ => true, cancellationToken);

    public async Task<bool> DiscardAsync(string messageId, CancellationToken cancellationToken) =>
        await VisitAsync(
            async (letter, entry, queue) => letter.MessageId == messageId && await connection.RunAsync(
                database => database.StreamDeleteAsync(queue.DeadLetters, [entry.Id]), cancellationToken) > 0,
            cancellationToken) > 0;

    /// <remarks>Redis counts as in flight what any process of the group has fetched, dead ones included.</remarks>
    public async Task<IReadOnlyList<QueueFigures>> GetQueuesAsync(CancellationToken cancellationToken)
    {
        connection.RequireConnected();
        var figures = new List<QueueFigures>();
        foreach (var sources in RedisSource.Of(registry).GroupBy(source => source.Queue.Name))
        {
            // Topics first: what moves to the queue meanwhile is then counted twice, and not missed.
            var topics = await Task.WhenAll(sources.Where(source => source.IsTopic).Select(source => GetTopicAsync(source, cancellationToken)));
            var queue = new RedisQueue(sources.Key);
            var counts = (long[])(await connection.RunScriptAsync(
                RedisScripts.Figures, [queue.Stream, queue.RetryDue, queue.DeadLetters], [RedisQueue.Group], cancellationToken))!;
            figures.Add(new(
                queue.Name,
                Depth: counts[0] - counts[1] + topics.Sum(topic => topic.Unread),
                InFlight: counts[1] + topics.Sum(topic => topic.Pending),
                Retrying: counts[2],
                DeadLettered: counts[3]));
        }

        return figures;
    }

    private async Task<(long Unread, long Pending)> GetTopicAsync(RedisSource source, CancellationToken cancellationToken)
    {
        var counts = (long[])(await connection.RunScriptAsync(
            RedisScripts.TopicFigures, [source.Stream], [source.Group], cancellationToken))!;
        return (counts[0], counts[1]);
    }

    private Task<int> ReplayAsync(Predicate<DeadLetter> match, CancellationToken cancellationToken) => VisitAsync(
        async (letter, entry, queue) =>
        {
            if (!match(letter))
            {
                return false;
            }

            var copy = RedisMessage.Copy(entry.Values, HistoryOf(entry).Replayed());
            return (bool)await connection.RunScriptAsync(
                RedisScripts.Replay,
                [queue.DeadLetters, queue.Stream],
                [entry.Id, queue.Signals.ToString(), RedisQueue.Added, .. RedisMessage.Flatten(copy)],
                cancellationToken);
        },
        cancellationToken);

    /// <summary>Shows every dead letter there is now, oldest first. One that is replayed and dies again is a new one.</summary>
    /// <returns>For how many the answer was yes.</returns>
    private async Task<int> VisitAsync(Func<DeadLetter, StreamEntry, RedisQueue, Task<bool>> visit, CancellationToken cancellationToken)
    {
        connection.RequireConnected();
        var count = 0;
        foreach (var queue in Queues)
        {
            var last = await connection.RunAsync(
                database => database.StreamRangeAsync(queue.DeadLetters, count: 1, messageOrder: Order.Descending), cancellationToken);
            if (last.Length == 0)
            {
                continue;
            }

            RedisValue from = "-";
            StreamEntry[] page;
            do
            {
                page = await connection.RunAsync(
                    database => database.StreamRangeAsync(queue.DeadLetters, from, last[0].Id, PageSize), cancellationToken);
                foreach (var entry in page)
                {
                    count += await visit(ToDeadLetter(queue, entry), entry, queue) ? 1 : 0;
                }

                from = page.Length > 0 ? $"({page[^1].Id}" : from;
            }
            while (page.Length == PageSize);
        }

        return count;
    }

    private static DeadLetter ToDeadLetter(RedisQueue queue, StreamEntry entry)
    {
        var (headers, payload) = RedisMessage.Read(entry.Values);
        var failures = HistoryOf(headers);
        return new(
            headers.GetValueOrDefault(HeaderNames.Id, string.Empty),
            headers.GetValueOrDefault(HeaderNames.Type),
            queue.Name,
            failures.Reason,
            failures.Attempts,
            failures.Replays,
            failures.First,
            failures.Last,
            headers,
            payload);
    }

    private static FailureHistory HistoryOf(StreamEntry entry) => HistoryOf(RedisMessage.Read(entry.Values).Headers);

    private static FailureHistory HistoryOf(Dictionary<string, string> headers) =>
        FailureHistory.Read(headers)
        ?? FailureHistory.After(before: null, "unknown: put here by hand", DateTimeOffset.UnixEpoch);
}
