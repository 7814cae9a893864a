using Acme._1.Contracts;
using StackExchange.Redis;

namespace Acme._1.Messaging.Redis;

internal sealed class RedisTransport(RedisConnection connection) : ITransport
{
    public string System => "redis";

    public Task SendAsync(Destination destination, Envelope envelope, CancellationToken cancellationToken)
    {
        var message = RedisMessage.Write(envelope);
        return destination.Kind is DestinationKind.Queue
            ? connection.RunAsync(database => AddAsync(database, new(destination.Name), message), cancellationToken)
            : connection.RunScriptAsync(RedisScripts.PublishToTopic, [destination.Name], [.. RedisMessage.Flatten(message)], cancellationToken);
    }

    private static Task<RedisValue> AddAsync(IDatabase database, RedisQueue queue, NameValueEntry[] message)
    {
        // Both leave in this order, without waiting in between; only the first one matters.
        var added = database.StreamAddAsync(queue.Stream, message);
        database.Publish(queue.Signals, RedisQueue.Added, CommandFlags.FireAndForget);
        return added;
    }
}
