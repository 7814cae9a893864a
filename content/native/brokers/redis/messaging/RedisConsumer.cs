using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace Acme._1.Messaging.Redis;

/// <summary>
/// One member of one consumer group. Redis keeps what a member has fetched as pending until it is acknowledged, and does
/// nothing more: to bring back what dead members have left, and what waits for a retry, is everyone's job. So each member
/// does four things at a time: receive, bring back what is due, renew its claims, and take over what others have left.
/// </summary>
internal sealed partial class RedisConsumer(
    RedisSource source,
    string name,
    RedisConnection connection,
    MessagePump pump,
    HandlerSlots slots,
    Signal retryScheduled,
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
    private readonly RedisMember _member = new(
        source, name, connection, new(ids => AcknowledgeAsync(source, connection, [.. ids])), retryScheduled);
    private readonly Signal _added = new();
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

            // A topic has no retries: those of its subscribers are in their queues.
            source.IsTopic ? Task.CompletedTask : RepeatAsync(() => MoveDueAsync(stopReceiving), LogLevel.Debug, stopReceiving),
            RepeatAsync(() => TakeOverAsync(abort, stopReceiving), LogLevel.Debug, stopReceiving),
            RepeatAsync(() => ExtendAsync(stopHolding), LogLevel.Debug, stopHolding));
        await LeaveAsync();
    }

    /// <summary>Returns when none of the messages that are held now is held any more.</summary>
    public Task DrainAsync() => Task.WhenAll(_held.Values.Select(delivery => delivery.Gone));

    public void Dispose()
    {
        _added.Dispose();
        _released.Dispose();
    }

    private string Queue => source.Queue.Name;

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
                LogInterrupted(failureLevel, exception, Queue);
                await Task.Delay(DelayAfterFailure, clock, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    /// <summary>Fetches what is new, no more than may be held, and begins it; without any, waits for a signal.</summary>
    private async Task ReceiveAsync(CancellationToken abort, CancellationToken stopping)
    {
        // A slot first: nothing is fetched that cannot be begun now.
        await slots.EnterAsync(Queue, stopping);
        StreamEntry[] fetched = [];
        StreamEntry[] entries = [];
        try
        {
            await ListenAsync(stopping);
            fetched = await FetchAsync(stopping);
            entries = await SelectAsync(fetched);
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
                slots.Exit(Queue);
            }
        }

        if (fetched.Length == 0)
        {
            await _added.WaitAsync(PollInterval, stopping);
        }

        if (entries.Length == 0)
        {
            return;
        }

        var deliveries = Array.ConvertAll(entries, Hold);
        var begun = 0;
        try
        {
            Begin(deliveries[begun++], () => slots.Exit(Queue), abort);
            while (begun < deliveries.Length)
            {
                await slots.EnterAsync(Queue, stopping);
                Begin(deliveries[begun++], () => slots.Exit(Queue), abort);
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
            await connection.SubscribeAsync(source.Signals, Hear, stopping);
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
                    source.Stream, source.Group, name, StreamPosition.NewMessages, count: Math.Max(1, prefetch - _held.Count)),
                CancellationToken.None);
        }
        catch (BrokerUnavailableException exception) when (exception.InnerException?.Message.StartsWith("NOGROUP", StringComparison.Ordinal) == true)
        {
            // Redis lost its data, or someone deleted the key.
            LogGroupIsGone(source.Group, source.Stream.ToString());
            await connection.RunAsync(database => connection.DeclareAsync(database, since: StreamPosition.Beginning), stopping);
            return [];
        }
    }

    /// <summary>Keeps what this queue wants of a topic, and acknowledges the rest.</summary>
    private async Task<StreamEntry[]> SelectAsync(StreamEntry[] entries)
    {
        var unwanted = Array.FindAll(entries, entry => !source.Wants(entry));
        if (unwanted.Length == 0)
        {
            return entries;
        }

        try
        {
            await connection.RunAsync(
                database => database.StreamAcknowledgeAsync(source.Stream, source.Group, Array.ConvertAll(unwanted, entry => entry.Id)),
                CancellationToken.None);
        }
        catch (BrokerUnavailableException exception)
        {
            // They stay pending, and come again to whoever takes over.
            LogInterrupted(LogLevel.Debug, exception, Queue);
        }

        return Array.FindAll(entries, source.Wants);
    }

    private RedisDelivery Hold(StreamEntry entry)
    {
        RedisDelivery delivery = source.IsTopic
            ? new RedisTopicDelivery(_member, entry)
            : new RedisQueueDelivery(_member, entry);
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

        foreach (var delivery in deliveries.Span)
        {
            LetGo(delivery);
        }

        var ids = deliveries.ToArray().Select(delivery => delivery.Id);
        await connection.RunScriptAsync(
            RedisScripts.Release,
            [source.Stream],
            [source.Group, name, source.Signals.ToString(), RedisQueue.Released, .. ids],
            CancellationToken.None);
    }

    private static Task AcknowledgeAsync(RedisSource source, RedisConnection connection, RedisValue[] ids) => source.IsTopic
        ? connection.RunAsync(database => database.StreamAcknowledgeAsync(source.Stream, source.Group, ids), CancellationToken.None)
        : connection.RunScriptAsync(RedisScripts.Complete, [source.Stream], [source.Group, .. ids], CancellationToken.None);

    /// <summary>Hands it to the pump on another thread: a handler that computes must not keep us from receiving.</summary>
    private void Begin(RedisDelivery delivery, Action exit, CancellationToken abort) =>
        _ = Task.Run(() => HandleAsync(delivery, () => pump.ProcessAsync(delivery, abort), exit, abort), CancellationToken.None);

    [SuppressMessage("Design", "CA1031", Justification = "There is nobody above to tell. The message stays pending, and is delivered again.")]
    private async Task HandleAsync(RedisDelivery delivery, Func<Task> handle, Action exit, CancellationToken abort)
    {
        try
        {
            try
            {
                await handle();
            }
            finally
            {
                exit();
            }

            if (delivery.IsDone)
            {
                await pump.UntilSettledAsync(delivery, () => delivery.AcknowledgeAsync(abort), abort);
            }
        }
        catch (OperationCanceledException) when (abort.IsCancellationRequested)
        {
            // The process is going down. What was not acknowledged is delivered again.
        }
        catch (Exception exception)
        {
            LogFailedOutside(exception, Queue);
        }
        finally
        {
            LetGo(delivery);
        }
    }

    private void LetGo(RedisDelivery delivery)
    {
        _held.TryRemove(delivery.Id, out _);
        delivery.LetGo();
    }

    /// <summary>Brings back the messages whose time has come.</summary>
    private async Task MoveDueAsync(CancellationToken stopping)
    {
        var next = await connection.RunScriptAsync(
            RedisScripts.MoveDue,
            [source.Stream, source.Queue.Retry, source.Queue.RetryDue],
            [PageSize, source.Signals.ToString(), RedisQueue.Added],
            stopping);

        // Another member may have scheduled one, and died: look now and then, too.
        var wait = TimeSpan.FromMilliseconds((long)next);
        await retryScheduled.WaitAsync(wait >= TimeSpan.Zero && wait < PollInterval ? wait : PollInterval, stopping);
    }

    /// <summary>Keeps our messages from being taken over while their handlers run.</summary>
    private async Task ExtendAsync(CancellationToken stopping)
    {
        if (!_held.IsEmpty)
        {
            var lost = await connection.RunScriptAsync(
                RedisScripts.Extend, [source.Stream], [source.Group, name, .. _held.Keys], stopping);
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
                    source.Stream, source.Group, PageSize, RedisValue.Null, from, "+", (long)ackTimeout.TotalMilliseconds),
                stopping);
            foreach (var message in page.Where(message => !_held.ContainsKey(message.MessageId)))
            {
                await TakeOverAsync(message, abort, stopping);
            }

            from = page.Length > 0 ? $"({page[^1].MessageId}" : from;
        }
        while (page.Length == PageSize);

        await connection.RunScriptAsync(
            RedisScripts.RemoveConsumers, [source.Stream], [source.Group, (long)(ackTimeout * 10).TotalMilliseconds, string.Empty], stopping);
        if (source.IsTopic && !source.IsKept)
        {
            await connection.RunScriptAsync(RedisScripts.TrimTopic, [source.Stream], [], stopping);
        }

        await _released.WaitAsync(ackTimeout / 3, stopping);
    }

    private async Task TakeOverAsync(StreamPendingMessageInfo message, CancellationToken abort, CancellationToken stopping)
    {
        var alone = message.DeliveryCount >= SuspectAfter;
        await (alone ? slots.EnterAloneAsync(stopping) : slots.EnterAsync(Queue, stopping));
        Action exit = alone ? slots.ExitAlone : () => slots.Exit(Queue);
        RedisDelivery? delivery = null;
        try
        {
            // Only one of us gets it: for the others it is not idle any more. Not cancellable, because it counts.
            var claimed = await connection.RunAsync(
                database => database.StreamClaimAsync(
                    source.Stream, source.Group, name, (long)ackTimeout.TotalMilliseconds, [message.MessageId]),
                CancellationToken.None);
            var wanted = await SelectAsync(claimed);
            delivery = wanted.Length > 0 ? Hold(wanted[0]) : null;
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

        LogTakenOver(message.ConsumerName.ToString(), Queue, message.DeliveryCount);
        if (!alone)
        {
            Begin(delivery, exit, abort);
            return;
        }

        await HandleAsync(
            delivery,
            () => message.DeliveryCount < DeliveryLimit
                ? pump.ProcessAsync(delivery, abort)
                : pump.UntilSettledAsync(delivery, () => delivery.DeadLetterAsync(Died(delivery, message.DeliveryCount), abort), abort),
            exit,
            abort);
    }

    /// <summary>Removes us from the group, if nothing of ours is pending any more. If we cannot, the others do it later.</summary>
    private async Task LeaveAsync()
    {
        try
        {
            connection.RequireConnected();
            await connection.RunScriptAsync(
                RedisScripts.RemoveConsumers, [source.Stream], [source.Group, long.MaxValue, name], CancellationToken.None);
        }
        catch (BrokerUnavailableException exception)
        {
            LogInterrupted(LogLevel.Debug, exception, Queue);
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

    [LoggerMessage(LogLevel.Warning, "The consumer group {Group} of {Stream} was gone, and is created again")]
    private partial void LogGroupIsGone(string group, string stream);

    [LoggerMessage(LogLevel.Error, "Handling a delivery from {Queue} failed outside the handler")]
    private partial void LogFailedOutside(Exception exception, string queue);

    [LoggerMessage(LogLevel.Information, "Took over from {Consumer} a message on {Queue} that was delivered {Count} times before")]
    private partial void LogTakenOver(string consumer, string queue, int count);
}
