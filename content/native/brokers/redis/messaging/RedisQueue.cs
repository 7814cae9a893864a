using StackExchange.Redis;

namespace Acme._1.Messaging.Redis;

/// <summary>
/// The keys of a queue. Redis Cluster places a key by what stands in braces, or by the whole name if there are none:
/// all of these are on the same node, so one script may touch them together.
/// </summary>
internal sealed record RedisQueue(string Name)
{
    /// <summary>The consumer group that shares the work.</summary>
    public const string Group = "workers";

    /// <summary>A stream of the messages to handle. What is settled is deleted: what is in it is still to do.</summary>
    public RedisKey Stream { get; } = Name;

    /// <summary>A stream of the messages that wait for their next attempt.</summary>
    public RedisKey Retry { get; } = $"{{{Name}}}.retry";

    /// <summary>A sorted set: the ids in <see cref="Retry"/> by the time they are due, in milliseconds since 1970.</summary>
    public RedisKey RetryDue { get; } = $"{{{Name}}}.retry.due";

    /// <summary>A stream of the dead letters, oldest first.</summary>
    public RedisKey DeadLetters { get; } = $"{{{Name}}}.dlq";

    /// <summary>Where consumers hear that there is something to do. It carries no messages: missing one delays, and loses nothing.</summary>
    public RedisChannel Signals { get; } = RedisChannel.Literal($"{{{Name}}}.signals");

    /// <summary>What is said on <see cref="Signals"/> when messages were added.</summary>
    public static readonly RedisValue Added = "added";

    /// <summary>What is said on <see cref="Signals"/> when a consumer that stops gave messages back.</summary>
    public static readonly RedisValue Released = "released";
}
