using StackExchange.Redis;

namespace Acme._1.Messaging.Redis;

/// <summary>A stream that feeds a queue, and the consumer group that reads it.</summary>
/// <param name="Queue">Whose messages these are; retries and dead letters go to its keys.</param>
/// <param name="Stream">The queue's own stream, or that of a topic.</param>
/// <param name="Group">Who shares the work.</param>
/// <param name="Signals">Where one hears of new messages.</param>
/// <param name="Subscriptions">What the queue wants of the topic; empty if this is its own stream.</param>
internal sealed record RedisSource(
    RedisQueue Queue, RedisKey Stream, string Group, RedisChannel Signals, IReadOnlyCollection<Subscription> Subscriptions)
{
    public bool IsTopic => Subscriptions.Count > 0;

    /// <summary>True if what all groups are done with stays in the stream.</summary>
    public bool IsKept => Subscriptions.Any(subscription => KeptTopics.Contains(subscription.Topic));

    /// <summary>All sources of this process: each queue, and each topic that feeds one of them.</summary>
    public static IEnumerable<RedisSource> Of(HandlerRegistry registry) =>
    [
        .. registry.Queues.Select(name => new RedisQueue(name)).Select(queue => new RedisSource(queue, queue.Stream, RedisQueue.Group, queue.Signals, [])),

        // A queue may want several subjects of a topic. That is one group, which takes what any of them is.
        .. registry.Subscriptions.GroupBy(subscription => (subscription.Queue, subscription.Topic)).Select(subscriptions =>
        {
            var topic = new RedisTopic(subscriptions.Key.Topic);
            return new RedisSource(new(subscriptions.Key.Queue), topic.Stream, subscriptions.Key.Queue, topic.Signals, [.. subscriptions]);
        }),
    ];

    public bool Wants(StreamEntry entry) =>
        !IsTopic || Subscriptions.Any(subscription => subscription.Wants((string?)entry[HeaderNames.Subject]));
}
