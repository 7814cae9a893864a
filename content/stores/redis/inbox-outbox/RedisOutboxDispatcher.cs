using System.Threading.Channels;
using Acme._1.Messaging;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace Acme._1.Consumer.Stores;

/// <summary>
/// Sends what handlers have put into the outbox, and removes it when the broker has confirmed it. A crash in between
/// sends a message twice, with the same id; its consumers' inboxes take care of that.
/// </summary>
internal sealed partial class RedisOutboxDispatcher(
    RedisStore store,
    OutboxSignal signal,
    IOutboxSender sender,
    IOptions<MessagingOptions> options,
    TimeProvider clock,
    ILogger<RedisOutboxDispatcher> logger)
    : BackgroundService
{
    private const int BatchSize = 100;

    /// <summary>The signal comes from this process only; this finds what another one left behind when it died.</summary>
    private static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(5);

    private static readonly RedisKey[] Keys = [RedisOutbox.Ids, RedisOutbox.Messages];

    /// <summary>Takes messages that nobody else is sending, for a limited time: several instances share the work.</summary>
    /// <remarks>KEYS: ids, messages. ARGV: how many at most, for how many ms.</remarks>
    private const string Take = """
        local time = redis.call('TIME')
        local now = time[1] * 1000 + math.floor(time[2] / 1000)
        local messages = {}
        for _, id in ipairs(redis.call('ZRANGE', KEYS[1], '-inf', now, 'BYSCORE', 'LIMIT', 0, ARGV[1])) do
          redis.call('ZADD', KEYS[1], now + ARGV[2], id)
          table.insert(messages, redis.call('HGET', KEYS[2], id))
        end
        return messages
        """;

    /// <remarks>KEYS: ids, messages. ARGV: what was sent.</remarks>
    private const string Forget = """
        redis.call('ZREM', KEYS[1], unpack(ARGV))
        redis.call('HDEL', KEYS[2], unpack(ARGV))
        """;

    /// <summary>Long enough to send a batch. What is not sent by then, after a failure or a crash, is taken again.</summary>
    private readonly TimeSpan _lease = options.Value.PublishTimeout + TimeSpan.FromSeconds(10);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (true)
            {
                if (!await SendBatchAsync(stoppingToken))
                {
                    await signal.WaitAsync(PollInterval, clock, stoppingToken);
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // What is left in the outbox is sent by another process, or the next one.
        }
    }

    /// <returns>True if there may be more to send at once.</returns>
    private async Task<bool> SendBatchAsync(CancellationToken cancellationToken)
    {
        var taken = await store.RunWhenAvailableAsync(
            database => database.ScriptEvaluateAsync(Take, Keys, [BatchSize, (long)_lease.TotalMilliseconds]), cancellationToken);
        var batch = Array.ConvertAll((RedisValue[])taken!, RedisOutbox.Read);
        var sent = await Task.WhenAll(batch.Select(message => TrySendAsync(message, cancellationToken)));

        RedisValue[] ids = [.. batch.Where((_, index) => sent[index]).Select(message => message.MessageId)];
        if (ids.Length > 0)
        {
            await store.RunWhenAvailableAsync(database => database.ScriptEvaluateAsync(Forget, Keys, ids), cancellationToken);
        }

        return ids.Length == BatchSize;
    }

    private async Task<bool> TrySendAsync(OutgoingMessage message, CancellationToken cancellationToken)
    {
        try
        {
            await sender.SendAsync(message, cancellationToken);
            return true;
        }
        catch (BrokerUnavailableException exception)
        {
            LogNotSent(exception, message.Type, _lease);
            return false;
        }
    }

    [LoggerMessage(LogLevel.Warning, "A {Type} could not be sent; the next try is in {Delay}")]
    private partial void LogNotSent(Exception exception, string type, TimeSpan delay);
}

/// <summary>Tells the dispatcher that a handler has committed a message.</summary>
internal sealed class OutboxSignal
{
    private readonly Channel<bool> _channel = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    public void Set() => _channel.Writer.TryWrite(true);

    /// <summary>Returns when set, and at the latest after the timeout.</summary>
    public async Task WaitAsync(TimeSpan timeout, TimeProvider clock, CancellationToken cancellationToken)
    {
        using var timer = new CancellationTokenSource(timeout, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, cancellationToken);
        try
        {
            await _channel.Reader.ReadAsync(either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // Not set in time.
        }
    }
}
