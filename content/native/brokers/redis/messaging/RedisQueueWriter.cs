using StackExchange.Redis;

namespace Acme._1.Messaging.Redis;

/// <summary>Adds messages to a queue, and tells its consumers.</summary>
internal sealed class RedisQueueWriter(string name)
{
    private readonly RedisQueue _queue = new(name);
    private int _untold;

    public Task<RedisValue> AddAsync(IDatabase database, NameValueEntry[] message)
    {
        var added = database.StreamAddAsync(_queue.Stream, message);

        // Commands leave in the order they are given in: when consumers hear of the message it is there.
        if (Interlocked.Increment(ref _untold) == 1)
        {
            _ = TellAsync(database);
        }

        return added;
    }

    /// <summary>Not once for each message: what is added while consumers are being told, they are told together afterwards.</summary>
    private async Task TellAsync(IDatabase database)
    {
        int untold;
        do
        {
            untold = Volatile.Read(ref _untold);

            // A signal that gets lost delays, and loses nothing.
            Task told = database.PublishAsync(_queue.Signals, RedisQueue.Added);
            await told.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        while (Interlocked.Add(ref _untold, -untold) > 0);
    }
}
