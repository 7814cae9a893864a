namespace Acme._1.Messaging.Nats;

/// <summary>Where the messages of each queue come from.</summary>
internal sealed class NatsSources(HandlerRegistry registry, INatsDirectQueues? direct = null)
{
    /// <summary>The queues that are fed from streams.</summary>
    public IEnumerable<string> Queues => registry.Queues.Where(queue => direct is null || !direct.Contains(queue));

    public IEnumerable<NatsSource> Of(string queue)
    {
        var topics = registry.Subscriptions.Where(subscription => subscription.Queue == queue).Select(subscription => subscription.Topic).ToList();
        foreach (var topic in topics)
        {
            yield return new(queue, NatsSourceKind.Messages, NatsNames.StreamOf(topic), NatsNames.Subscriber(queue));
        }

        if (topics.Count == 0)
        {
            yield return new(queue, NatsSourceKind.Messages, NatsNames.StreamOf(queue), NatsNames.Workers);
        }

        yield return new(queue, NatsSourceKind.Retries, NatsNames.StreamOf(NatsNames.Retries(queue)), NatsNames.Workers);
        yield return new(queue, NatsSourceKind.Quarantine, NatsNames.StreamOf(NatsNames.Quarantine(queue)), NatsNames.Workers);
    }
}
