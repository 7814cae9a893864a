namespace Acme._1.Messaging.Kafka;

/// <summary>The queues that this process consumes. Kafka knows none: a queue is a consumer group, and the topics that it reads.</summary>
/// <param name="All">The queues.</param>
/// <param name="InFlight">How many of their messages are being handled right now.</param>
internal sealed record KafkaQueues(IReadOnlyList<KafkaQueue> All, Func<int> InFlight);

/// <param name="Name">The queue's name, which is that of its consumer group and of the topic that its replays go to.</param>
/// <param name="Topics">Where its messages come from before they fail: its own topic first, then those it is subscribed to.</param>
internal sealed record KafkaQueue(string Name, IReadOnlyList<string> Topics)
{
    public static KafkaQueue Of(string name, IEnumerable<string> subscriptions) => new(name, [.. subscriptions.Prepend(name).Distinct()]);
}
