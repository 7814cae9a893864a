using System.Collections.Concurrent;
using Acme._1.Contracts;

namespace Acme._1.Messaging.Redis;

internal sealed class RedisTransport(RedisConnection connection) : ITransport
{
    private readonly ConcurrentDictionary<string, RedisQueueWriter> _queues = new();

    public string System => "redis";

    public Task SendAsync(Destination destination, Envelope envelope, CancellationToken cancellationToken)
    {
        connection.RequireFits(envelope.Data.Length);
        var message = RedisMessage.Write(envelope);
        if (destination.Kind is DestinationKind.Queue)
        {
            var queue = _queues.GetOrAdd(destination.Name, name => new(name));
            return connection.RunConfirmedAsync(database => queue.AddAsync(database, message), cancellationToken);
        }

        if (KeptTopics.Contains(destination.Name))
        {
            throw new InvalidOperationException($"{destination.Name} is a log of events: append to it through the event store.");
        }

        var topic = new RedisTopic(destination.Name);
        return connection.RunConfirmedAsync(
            database => database.ScriptEvaluateAsync(
                RedisScripts.PublishToTopic,
                [topic.Stream],
                [topic.Signals.ToString(), RedisQueue.Added, .. RedisMessage.Flatten(message)]),
            cancellationToken);
    }
}
