using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace Acme._1.Messaging.Redis;

/// <summary>
/// One member of the consumer group of one queue. Redis keeps what a member has fetched as pending until it is
/// acknowledged, and does nothing more: to bring back what dead members have left, and what waits for a retry, is
/// everyone's job. So each member does four things at a time: receive, bring back what is due, renew its claims, and
/// take over what others have left.
/// </summary>
internal sealed partial class RedisConsumer(
    RedisQueue queue,
    string name,
    RedisConnection connection,
    MessagePump pump,
    HandlerSlots slots,
    int prefetch,
    TimeSpan ackTimeout,
    TimeProvider clock,
    ILogger logger)
    : IDisposable
{
    /// <summary>A message that was delivered this often and never settled is handled alone, so that a crash counts against no other.</summary>
    private const int SuspectAfter = 2;

    /// <summary>A message that was delivered this often and never settled is dead.</summary>
    private const int DeliveryLimit = 5;

    private const int PageSize = 100;

    /// <summary>Signals can get lost. Without one, this is how late a message may be.</summary>
    private static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan DelayAfterFailure = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<RedisValue, RedisDelivery> _held = new();
    private readonly Signal _added = new();
    private readonly Signal _retryScheduled = new();
    private readonly Signal _released = new();

    private bool _isListening;

    /// <summary>Why it does not receive messages, or null if it does.</summary>
    public string? Problem { get; private set; } = "not receiving yet";

    /// <param name="stopReceiving">Cancelled when no message is to be begun any more.</param>
    /// <param name="stopHolding">Cancelled when the running handlers have ended, or waiting for them has.</param>
    /// <param name="abort">Cancels the running handlers.</param>
    public async Task RunAsync(CancellationToken stopReceiving, CancellationToken stopHolding, CancellationToken abort)
    {
        await Task.WhenAll(
            RepeatAsync(() => ReceiveAsync(abort, stopReceiving), LogLevel.Warning, stopReceiving),
            RepeatAsync(() => MoveDueAsync(stopReceiving), LogLevel.Debug, stopReceiving),
            RepeatAsync(() => TakeOverAsync(abort, stopReceiving), LogLevel.Debug, stopReceiving),
            RepeatAsync(() => ExtendAsync(stopHolding), LogLevel.Debug, stopHolding));
        await LeaveAsync();
    }

    public void Dispose()
    {
        _added.Dispose();
        _retryScheduled.Dispose();
        _released.Dispose();
    }

    private void Hear(RedisChannel channel, RedisValue signal)
    {
        if (signal == RedisQueue.Released)
        {
            _released.Set();
        }
        else
        {
            _added.Set();
        }
    }

    private async Task RepeatAsync(Func<Task> step, LogLevel failureLevel, CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                await step();
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                return;
            }
            catch (BrokerUnavailableException exception)
            {
                LogInterrupted(failureLevel, exception, queue.Name);
                await Task.Delay(DelayAfterFailure, clock, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    /// <summary>Fetches what is new, no more than may be held, and begins it; without any, waits for a signal.</summary>
    private async Task ReceiveAsync(CancellationToken abort, CancellationToken stopping)
    {
        // A slot first: nothing is fetched that cannot be begun now.
        await slots.EnterAsync(stopping);
        StreamEntry[] entries = [];
        try
        {
            await ListenAsync(stopping);
            entries = await FetchAsync(stopping);
            Problem = null;
        }
        catch (BrokerUnavailableException exception)
        {
            Problem = $"not receiving: {exception.Message}";
            throw;
        }
        finally
        {
            if (entries.Length == 0)
            {
                slots.Exit();
            }
        }

        if (entries.Length == 0)
        {
            await _added.WaitAsync(PollInterval, stopping);
            return;
        }

        var deliveries = Array.ConvertAll(entries, Hold);
        var begun = 0;
        try
        {
            Begin(deliveries[begun++], slots.Exit, abort);
            while (begun < deliveries.Length)
            {
                await slots.EnterAsync(stopping);
                Begin(deliveries[begun++], slots.Exit, abort);
            }
        }
        finally
        {
            await ReleaseAsync(deliveries.AsMemory(begun));
        }
    }

    private async Task ListenAsync(CancellationToken stopping)
    {
        if (!_isListening)
        {
            await connection.SubscribeAsync(queue.Signals, Hear, stopping);
            _isListening = true;
        }
    }

    private async Task<StreamEntry[]> FetchAsync(CancellationToken stopping)
    {
        try
        {
            // Not cancellable: Redis counts as delivered what it sends, so we must see it.
            return await connection.RunAsync(
                database => database.StreamReadGroupAsync(
                    queue.Stream, RedisQueue.Group, name, StreamPosition.NewMessages, count: Math.Max(1, prefetch - _held.Count)),
                CancellationToken.None);
        }
        catch (BrokerUnavailableException exception) when (exception.InnerException?.Message.StartsWith("NOGROUP", StringComparison.Ordinal) == true)
        {
            // Redis lost its data, or someone deleted the key.
            LogGroupIsGone(queue.Name);
            await connection.RunAsync(RedisConnection.DeclareAsync, stopping);
            return [];
        }
    }

    private RedisDelivery Hold(StreamEntry entry)
    {
        var delivery = new RedisDelivery(queue, entry, name, connection, _retryScheduled.Set);
        _held[delivery.Id] = delivery;
        return delivery;
    }

    /// <summary>Lets go of what was not begun.</summary>
    private async Task ReleaseAsync(ReadOnlyMemory<RedisDelivery> deliveries)
    {
        if (deliveries.IsEmpty)
        {
            return;
        }

        var ids = deliveries.ToArray().Select(delivery => delivery.Id).ToArray();
        foreach (var id in ids)
        {
            _held.TryRemove(id, out _);
        }

        await connection.RunScriptAsync(
            RedisScripts.Release,
            [queue.Stream],
            [RedisQueue.Group, name, queue.Signals.ToString(), RedisQueue.Released, .. ids],
            CancellationToken.None);
    }

    /// <summary>Hands it to the pump on another thread: a handler that computes must not keep us from receiving.</summary>
    private void Begin(RedisDelivery delivery, Action exit, CancellationToken abort) => _ = Task.Run(
        async () =>
        {
            await HandleAsync(delivery, () => pump.ProcessAsync(delivery, abort));
            exit();
        },
        CancellationToken.None);

    [SuppressMessage("Design", "CA1031", Justification = "There is nobody above to tell. The message stays pending, and is delivered again.")]
    private async Task HandleAsync(RedisDelivery delivery, Func<Task> handle)
    {
        try
        {
            await handle();
        }
        catch (Exception exception)
        {
            LogFailedOutside(exception, queue.Name);
        }
        finally
        {
            _held.TryRemove(delivery.Id, out _);
        }
    }

    /// <summary>Brings back the messages whose time has come.</summary>
    private async Task MoveDueAsync(CancellationToken stopping)
    {
        var next = await connection.RunScriptAsync(
            RedisScripts.MoveDue,
            [queue.Stream, queue.Retry, queue.RetryDue],
            [PageSize, queue.Signals.ToString(), RedisQueue.Added],
            stopping);

        // Another member may have scheduled one, and died: look now and then, too.
        var wait = TimeSpan.FromMilliseconds((long)next);
        await _retryScheduled.WaitAsync(wait >= TimeSpan.Zero && wait < PollInterval ? wait : PollInterval, stopping);
    }

    /// <summary>Keeps our messages from being taken over while their handlers run.</summary>
    private async Task ExtendAsync(CancellationToken stopping)
    {
        if (!_held.IsEmpty)
        {
            var lost = await connection.RunScriptAsync(
                RedisScripts.Extend, [queue.Stream], [RedisQueue.Group, name, .. _held.Keys], stopping);
            foreach (var id in (RedisValue[])lost!)
            {
                if (_held.TryGetValue(id, out var delivery))
                {
                    delivery.Lose();
                }
            }
        }

        await Task.Delay(ackTimeout / 3, clock, stopping);
    }

    /// <summary>Takes over the messages of members that have gone silent, and then removes those members.</summary>
    private async Task TakeOverAsync(CancellationToken abort, CancellationToken stopping)
    {
        // XAUTOCLAIM would count a delivery for everything it takes, before we know what we can begin. So we look first.
        StreamPendingMessageInfo[] page;
        RedisValue from = "-";
        do
        {
            page = await connection.RunAsync(
                database => database.StreamPendingMessagesAsync(
                    queue.Stream, RedisQueue.Group, PageSize, RedisValue.Null, from, "+", (long)ackTimeout.TotalMilliseconds),
                stopping);
            foreach (var message in page.Where(message => !_held.ContainsKey(message.MessageId)))
            {
                await TakeOverAsync(message, abort, stopping);
            }

            from = page.Length > 0 ? $"({page[^1].MessageId}" : from;
        }
        while (page.Length == PageSize);

        await connection.RunScriptAsync(
            RedisScripts.RemoveConsumers, [queue.Stream], [RedisQueue.Group, (long)(ackTimeout * 10).TotalMilliseconds, string.Empty], stopping);
        await _released.WaitAsync(ackTimeout / 3, stopping);
    }

    private async Task TakeOverAsync(StreamPendingMessageInfo message, CancellationToken abort, CancellationToken stopping)
    {
        var alone = message.DeliveryCount >= SuspectAfter;
        await (alone ? slots.EnterAloneAsync(stopping) : slots.EnterAsync(stopping));
        Action exit = alone ? slots.ExitAlone : slots.Exit;
        RedisDelivery? delivery = null;
        try
        {
            // Only one of us gets it: for the others it is not idle any more. Not cancellable, because it counts.
            var claimed = await connection.RunAsync(
                database => database.StreamClaimAsync(
                    queue.Stream, RedisQueue.Group, name, (long)ackTimeout.TotalMilliseconds, [message.MessageId]),
                CancellationToken.None);
            delivery = claimed.Length > 0 ? Hold(claimed[0]) : null;
        }
        finally
        {
            if (delivery is null)
            {
                exit();
            }
        }

        if (delivery is null)
        {
            return;
        }

        LogTakenOver(message.ConsumerName.ToString(), queue.Name, message.DeliveryCount);
        if (!alone)
        {
            Begin(delivery, exit, abort);
            return;
        }

        await HandleAsync(delivery, () => message.DeliveryCount < DeliveryLimit
            ? pump.ProcessAsync(delivery, abort)
            : pump.UntilSettledAsync(delivery, () => delivery.DeadLetterAsync(Died(delivery, message.DeliveryCount), abort), abort));
        exit();
    }

    /// <summary>Removes us from the group, if nothing of ours is pending any more. If we cannot, the others do it later.</summary>
    private async Task LeaveAsync()
    {
        try
        {
            connection.RequireConnected();
            await connection.RunScriptAsync(
                RedisScripts.RemoveConsumers, [queue.Stream], [RedisQueue.Group, long.MaxValue, name], CancellationToken.None);
        }
        catch (BrokerUnavailableException exception)
        {
            LogInterrupted(LogLevel.Debug, exception, queue.Name);
        }
    }

    private FailureHistory Died(RedisDelivery delivery, int deliveries)
    {
        var now = clock.GetUtcNow();
        var before = FailureHistory.Read(delivery.Headers);
        return new(
            (before?.Attempts ?? 0) + deliveries,
            before?.Round ?? 0,
            before?.Replays ?? 0,
            before?.First ?? now,
            now,
            $"the process died {deliveries} times while it had this message (delivery limit)");
    }

    [LoggerMessage("Consuming {Queue} was interrupted, trying again")]
    private partial void LogInterrupted(LogLevel level, Exception exception, string queue);

    [LoggerMessage(LogLevel.Warning, "The consumer group of {Queue} was gone, and is created again")]
    private partial void LogGroupIsGone(string queue);

    [LoggerMessage(LogLevel.Error, "Handling a delivery from {Queue} failed outside the handler")]
    private partial void LogFailedOutside(Exception exception, string queue);

    [LoggerMessage(LogLevel.Information, "Took over from {Consumer} a message on {Queue} that was delivered {Count} times before")]
    private partial void LogTakenOver(string consumer, string queue, int count);
}
