using RabbitMQ.Client;

namespace Acme._1.Messaging.RabbitMq;

/// <summary>
/// Works on the dead letters where they are, in their queue. AMQP cannot look into a queue: to browse is to fetch
/// everything and to give it back. Meanwhile nobody else sees those messages. The time a call takes grows with the
/// number of dead letters, its memory does not.
/// </summary>
internal sealed class RabbitMqDeadLetterQueue(
    RabbitMqConnection connections,
    RabbitMqTopology topology,
    RabbitMqTransport transport,
    HandlerRegistry registry,
    MessagePump pump,
    TimeProvider clock)
    : IDeadLetterQueue, IAsyncDisposable
{
    // Two calls at once would hide dead letters from each other; and only on the same channel does a call surely see
    // what the call before it gave back.
    private readonly SemaphoreSlim _alone = new(1);
    private IChannel? _channel;

    public async Task<IReadOnlyList<DeadLetter>> ListAsync(int take, CancellationToken cancellationToken)
    {
        var newest = new PriorityQueue<DeadLetter, DateTimeOffset>();
        await BrowseAsync(
            (letter, _) =>
            {
                newest.Enqueue(letter, letter.LastFailure);
                if (newest.Count > take)
                {
                    newest.Dequeue();
                }

                return Task.FromResult(Verdict.Keep);
            },
            cancellationToken);

        return [.. newest.UnorderedItems.Select(item => item.Element).OrderByDescending(letter => letter.LastFailure)];
    }

    public async Task<DeadLetter?> FindAsync(string messageId, CancellationToken cancellationToken)
    {
        DeadLetter? found = null;
        await BrowseAsync(
            (letter, _) =>
            {
                found = letter.MessageId == messageId ? letter : found;
                return Task.FromResult(Verdict.Keep);
            },
            cancellationToken);

        return found;
    }

    public async Task<bool> ReplayAsync(string messageId, CancellationToken cancellationToken) =>
        await ReplayAsync(letter => letter.MessageId == messageId, cancellationToken) > 0;

    public Task<int> ReplayAllAsync(CancellationToken cancellationToken) => ReplayAsync(_ => true, cancellationToken);

    public async Task<bool> DiscardAsync(string messageId, CancellationToken cancellationToken)
    {
        var removed = await BrowseAsync(
            (letter, _) => Task.FromResult(letter.MessageId == messageId ? Verdict.Remove : Verdict.Keep), cancellationToken);
        return removed > 0;
    }

    public async Task<IReadOnlyList<QueueFigures>> GetQueuesAsync(CancellationToken cancellationToken)
    {
        try
        {
            await using var channel = await connections.Current.CreateChannelAsync(cancellationToken: cancellationToken);
            var figures = new List<QueueFigures>();
            foreach (var queue in registry.Queues)
            {
                var retrying = 0L;
                foreach (var retryQueue in topology.RetryQueues(queue))
                {
                    retrying += await channel.MessageCountAsync(retryQueue, cancellationToken);
                }

                figures.Add(new(
                    queue,
                    Depth: await channel.MessageCountAsync(queue, cancellationToken)
                        + await channel.MessageCountAsync(RabbitMqTopology.Quarantine(queue), cancellationToken),
                    pump.InFlight,
                    retrying,
                    DeadLettered: await channel.MessageCountAsync(RabbitMqTopology.DeadLetterQueue(queue), cancellationToken)));
            }

            return figures;
        }
        catch (Exception exception) when (RabbitMqTransport.IsConnectionProblem(exception))
        {
            throw new BrokerUnavailableException($"RabbitMQ did not answer: {exception.Message}", exception);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await CloseChannelAsync();
        _alone.Dispose();
    }

    private Task<int> ReplayAsync(Predicate<DeadLetter> match, CancellationToken cancellationToken)
    {
        var started = clock.GetUtcNow();
        return BrowseAsync(
            async (letter, properties) =>
            {
                if (letter.LastFailure > started)
                {
                    // It died again while we replay: once is enough, or a replay of all might never end.
                    return Verdict.Stop;
                }

                if (!match(letter))
                {
                    return Verdict.Keep;
                }

                var failures = new FailureHistory(
                    letter.Attempts, Round: 0, letter.Replays + 1, letter.FirstFailure, letter.LastFailure, letter.Reason);
                await transport.PublishToQueueAsync(letter.Queue, RabbitMqHeaders.Copy(properties, failures), letter.Payload, cancellationToken);
                return Verdict.Remove;
            },
            cancellationToken);
    }

    private enum Verdict
    {
        Keep,
        Remove,
        Stop,
    }

    /// <summary>Shows every dead letter, and removes those it is told to.</summary>
    /// <returns>How many were removed.</returns>
    private async Task<int> BrowseAsync(Func<DeadLetter, IReadOnlyBasicProperties, Task<Verdict>> look, CancellationToken cancellationToken)
    {
        await _alone.WaitAsync(cancellationToken);
        try
        {
            if (_channel is not { IsOpen: true })
            {
                _channel = await connections.Current.CreateChannelAsync(cancellationToken: cancellationToken);
            }

            var removed = 0;
            foreach (var queue in registry.Queues)
            {
                removed += await BrowseAsync(_channel, queue, look, cancellationToken);
            }

            return removed;
        }
        catch (Exception exception)
        {
            // What was fetched and not given back is hidden as long as its channel is open.
            await CloseChannelAsync();
            if (RabbitMqTransport.IsConnectionProblem(exception))
            {
                throw new BrokerUnavailableException($"RabbitMQ did not answer: {exception.Message}", exception);
            }

            throw;
        }
        finally
        {
            _alone.Release();
        }
    }

    private async Task CloseChannelAsync()
    {
        if (_channel is not null)
        {
            await _channel.DisposeAsync();
            _channel = null;
        }
    }

    private static async Task<int> BrowseAsync(
        IChannel channel, string queue, Func<DeadLetter, IReadOnlyBasicProperties, Task<Verdict>> look, CancellationToken cancellationToken)
    {
        var removed = 0;
        var lastKept = 0ul;
        while (await channel.BasicGetAsync(RabbitMqTopology.DeadLetterQueue(queue), autoAck: false, cancellationToken) is { } message)
        {
            var verdict = await look(ToDeadLetter(queue, message), message.BasicProperties);
            if (verdict is Verdict.Remove)
            {
                await channel.BasicAckAsync(message.DeliveryTag, multiple: false, cancellationToken);
                removed++;
                continue;
            }

            lastKept = message.DeliveryTag;
            if (verdict is Verdict.Stop)
            {
                break;
            }
        }

        if (lastKept > 0)
        {
            await channel.BasicNackAsync(lastKept, multiple: true, requeue: true, cancellationToken);
        }

        return removed;
    }

    private static DeadLetter ToDeadLetter(string queue, BasicGetResult message)
    {
        var headers = RabbitMqHeaders.Read(message.BasicProperties);
        var failures = FailureHistory.Read(headers);
        if (RabbitMqHeaders.FindDeath(message.BasicProperties) is var (time, reason))
        {
            // The pump did not bring it here; RabbitMQ did, because the process died each time it handled it, or because it
            // does not take a copy of this size any more.
            var rejected = reason == "rejected";
            var deliveries = rejected ? 1 : RabbitMqTopology.QuarantineDeliveryLimit + 1;
            failures = new(
                (failures?.Attempts ?? 0) + deliveries,
                failures?.Round ?? 0,
                failures?.Replays ?? 0,
                failures?.First ?? time,
                time,
                rejected
                    ? "it failed, and is larger than RabbitMQ takes now (max_message_size): no copy that says why could be made"
                    : $"the process died {deliveries} times while it handled this message alone (delivery limit)");
        }

        failures ??= FailureHistory.After(before: null, "unknown: put here by hand", DateTimeOffset.UnixEpoch);
        return new(
            headers.GetValueOrDefault(HeaderNames.Id) ?? message.BasicProperties.MessageId ?? string.Empty,
            headers.GetValueOrDefault(HeaderNames.Type),
            queue,
            failures.Reason,
            failures.Attempts,
            failures.Replays,
            failures.First,
            failures.Last,
            headers,
            message.Body);
    }
}
