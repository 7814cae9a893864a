using Acme._1.Contracts;
using StackExchange.Redis;

namespace Acme._1.Messaging.Redis;

internal sealed class RedisTransport(RedisConnection connection) : ITransport
{
    public string System => "redis";

    public Task SendAsync(Destination destination, Envelope envelope, CancellationToken cancellationToken)
    {
        connection.RequireFits(envelope.Data.Length);
        var message = RedisMessage.Write(envelope);
        if (destination.Kind is DestinationKind.Queue)
        {
            return connection.RunConfirmedAsync(database => AddAsync(database, new(destination.Name), message), cancellationToken);
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

    private static Task<RedisValue> AddAsync(IDatabase database, RedisQueue queue, NameValueEntry[] message)
    {
        // Both leave in this order, without waiting in between; only the first one matters.
        var added = database.StreamAddAsync(queue.Stream, message);
        database.Publish(queue.Signals, RedisQueue.Added, CommandFlags.FireAndForget);
        return added;
    }
}
