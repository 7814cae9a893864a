using Acme._1.Contracts;
using StackExchange.Redis;

namespace Acme._1.Messaging.Redis;

/// <summary>
/// Requests go through the stream like other work. Answers come by pub/sub, to a channel of this process: nothing has to be
/// cleaned up, and an answer whose requester is gone is dropped by Redis.
/// </summary>
internal sealed class RedisRequestTransport(RedisConnection connection, PendingRequests pending) : IRequestTransport, IDisposable
{
    /// <summary>Adds a request, if somebody is there to answer it. Otherwise it would wait in the stream, and the requester for nothing.</summary>
    /// <remarks>KEYS: stream, responders. ARGV: channel, signal, then the message.</remarks>
    private const string Send = """
        local time = redis.call('TIME')
        if redis.call('ZCOUNT', KEYS[2], time[1] * 1000 + math.floor(time[2] / 1000), '+inf') == 0 then
          return 0
        end
        redis.call('XADD', KEYS[1], '*', unpack(ARGV, 3))
        redis.call('PUBLISH', ARGV[1], ARGV[2])
        return 1
        """;

    private readonly RedisChannel _answers = RedisChannel.Literal($"{{acme-1.answers}}.{Guid.NewGuid():N}");
    private readonly SemaphoreSlim _listening = new(1);
    private volatile bool _isListening;

    public async Task SendRequestAsync(Destination destination, Envelope request, CancellationToken cancellationToken)
    {
        connection.RequireFits(request.Data.Length);
        await ListenAsync(cancellationToken);
        var queue = new RedisQueue(destination.Name);
        var sent = await connection.RunScriptAsync(
            Send,
            [queue.Stream, RedisResponder.KeyOf(queue)],
            [
                queue.Signals.ToString(),
                RedisQueue.Added,
                .. RedisMessage.Flatten(RedisMessage.Write(request with { ReplyTo = _answers.ToString() })),
            ],
            cancellationToken);
        if (!(bool)sent)
        {
            throw new NoResponderException(destination.Name);
        }
    }

    public Task SendReplyAsync(string replyTo, Envelope reply, CancellationToken cancellationToken) => connection.RunAsync(
        database => database.PublishAsync(RedisChannel.Literal(replyTo), RedisAnswer.Write(reply)), cancellationToken);

    public void Dispose() => _listening.Dispose();

    private async Task ListenAsync(CancellationToken cancellationToken)
    {
        if (_isListening)
        {
            return;
        }

        await _listening.WaitAsync(cancellationToken);
        try
        {
            if (!_isListening)
            {
                await connection.SubscribeAsync(_answers, Receive, cancellationToken);
                _isListening = true;
            }
        }
        finally
        {
            _listening.Release();
        }
    }

    private void Receive(RedisChannel channel, RedisValue answer)
    {
        var (headers, body) = RedisAnswer.Read(answer);
        pending.Complete(headers, body);
    }
}
