using StackExchange.Redis;

namespace Acme._1.Messaging.Redis;

/// <summary>
/// The keys of a topic: a stream that its subscribers read, each as a consumer group of its own. What they do with a
/// message then concerns the keys of their own queue, which in a cluster may be on another node.
/// </summary>
internal sealed record RedisTopic(string Name)
{
    /// <summary>A stream of the news. It is there when somebody has subscribed, and as long as the slowest group needs it.</summary>
    public RedisKey Stream { get; } = Name;

    /// <inheritdoc cref="RedisQueue.Signals"/>
    public RedisChannel Signals { get; } = RedisChannel.Literal($"{{{Name}}}.signals");
}
