using MassTransit;
using Microsoft.Extensions.Options;
using RabbitMQ.Client;

namespace Acme._1.Messaging.RabbitMq;

/// <summary>
/// Works on the dead letters where they are, in MassTransit's error queue. AMQP cannot look into a queue: to browse is to
/// fetch without acknowledging, and to give back. Meanwhile nobody else sees those messages.
/// The time a call takes grows with the number of dead letters, its memory does not.
/// </summary>
internal sealed class RabbitMqDeadLetterQueue(
    RabbitMqConnection connections,
    IBusRegistrationContext registrations,
    MessagesInFlight inFlight,
    IOptions<RetryOptions> retry,
    TimeProvider clock)
    : IDeadLetterQueue, IAsyncDisposable
{
    // Two calls at once would hide dead letters from each other.
    private readonly SemaphoreSlim _alone = new(1);

    private readonly IReadOnlyList<string> _queues = registrations.GetConsumedQueues();

    // One channel for all calls: RabbitMQ takes the steps of a channel in order, so a call finds what the one before it
    // gave back. On a channel of its own it might come too early.
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
        // What a call in progress has fetched would be missing.
        await _alone.WaitAsync(cancellationToken);
        try
        {
            var connection = await connections.GetAsync(cancellationToken);
            await using var channel = await connection.CreateChannelAsync(cancellationToken: cancellationToken);
            var figures = new List<QueueFigures>();
            foreach (var queue in _queues)
            {
                var retrying = 0L;
                for (var round = 1; round < retry.Value.MaxAttempts; round++)
                {
                    retrying += (await RabbitMqQueues.DeclareRetryAsync(channel, queue, round, cancellationToken)).MessageCount;
                }

                figures.Add(new(
                    queue,
                    Depth: await channel.MessageCountAsync(queue, cancellationToken)
                        + await channel.MessageCountAsync(RabbitMqQueues.Quarantine(queue), cancellationToken),
                    inFlight.Count,
                    retrying,
                    DeadLettered: await channel.MessageCountAsync(RabbitMqQueues.Error(queue), cancellationToken)));
            }

            return figures;
        }
        catch (Exception exception) when (RabbitMqConnection.IsConnectionProblem(exception))
        {
            throw RabbitMqConnection.Unavailable(exception);
        }
        finally
        {
            _alone.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        _alone.Dispose();
    }

    private Task<int> ReplayAsync(Predicate<DeadLetter> match, CancellationToken cancellationToken)
    {
        var started = clock.GetUtcNow();
        return BrowseAsync(
            async (letter, message) =>
            {
                // What dies again while we are at it must not keep us here for ever.
                if (!match(letter) || letter.LastFailure > started)
                {
                    return Verdict.Keep;
                }

                var failures = new FailureHistory(
                    letter.Attempts, Round: 0, letter.Replays + 1, letter.FirstFailure, letter.LastFailure, letter.Reason);
                var properties = RabbitMqMessages.Copy(message.Properties, failures);

                // One that died of a crash may have no such header yet. The copy keeps the id that it is known by.
                properties.Headers![HeaderNames.MessageId] = letter.MessageId;

                // Returns when the broker has confirmed the copy, and throws if it has not or if there is no such queue.
                await message.Channel.BasicPublishAsync(
                    exchange: string.Empty, letter.Queue, mandatory: true, properties, letter.Payload, cancellationToken);
                return Verdict.Remove;
            },
            cancellationToken);
    }

    private enum Verdict
    {
        Keep,
        Remove,
    }

    private sealed record Browsed(IChannel Channel, IReadOnlyBasicProperties Properties);

    /// <summary>Shows every dead letter, the oldest first, and removes those it is told to.</summary>
    /// <returns>How many were removed.</returns>
    private async Task<int> BrowseAsync(Func<DeadLetter, Browsed, Task<Verdict>> look, CancellationToken cancellationToken)
    {
        await _alone.WaitAsync(cancellationToken);
        try
        {
            var channel = await OpenAsync(cancellationToken);
            var removed = 0;
            foreach (var queue in _queues)
            {
                var kept = 0;
                var lastKept = 0UL;
                while (await channel.BasicGetAsync(RabbitMqQueues.Error(queue), autoAck: false, cancellationToken) is { } message)
                {
                    if (await look(ToDeadLetter(queue, message), new(channel, message.BasicProperties)) is Verdict.Remove)
                    {
                        await channel.BasicAckAsync(message.DeliveryTag, multiple: false, cancellationToken);
                        removed++;
                    }
                    else
                    {
                        kept++;
                        lastKept = message.DeliveryTag;
                    }
                }

                if (kept > 0)
                {
                    await channel.BasicNackAsync(lastKept, multiple: true, requeue: true, cancellationToken);
                    await WaitForCountAsync(channel, RabbitMqQueues.Error(queue), kept, cancellationToken);
                }
            }

            return removed;
        }
        catch (Exception exception)
        {
            // Whatever went wrong: closing the channel gives back what was fetched.
            await CloseAsync();
            if (RabbitMqConnection.IsConnectionProblem(exception))
            {
                throw RabbitMqConnection.Unavailable(exception);
            }

            throw;
        }
        finally
        {
            _alone.Release();
        }
    }

    /// <summary>
    /// Giving back is not confirmed, and takes effect a moment later: until then the figures would be too low. Not for
    /// ever, for another process may have fetched them already.
    /// </summary>
    private static async Task WaitForCountAsync(IChannel channel, string queue, int atLeast, CancellationToken cancellationToken)
    {
        for (var tries = 0; tries < 50 && await channel.MessageCountAsync(queue, cancellationToken) < atLeast; tries++)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(10), cancellationToken);
        }
    }

    private async Task<IChannel> OpenAsync(CancellationToken cancellationToken)
    {
        if (_channel is not { IsOpen: true })
        {
            await CloseAsync();
            var connection = await connections.GetAsync(cancellationToken);
            _channel = await connection.CreateChannelAsync(
                new CreateChannelOptions(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true), cancellationToken);
        }

        return _channel;
    }

    private async ValueTask CloseAsync()
    {
        if (_channel is { } channel)
        {
            _channel = null;
            await channel.DisposeAsync();
        }
    }

    private static DeadLetter ToDeadLetter(string queue, BasicGetResult message)
    {
        var headers = RabbitMqMessages.ReadHeaders(message.BasicProperties);
        var failures = FailureHistory.Read(headers);
        if (RabbitMqMessages.TimeOfDeathIn(RabbitMqQueues.Quarantine(queue), message.BasicProperties) is { } time)
        {
            // MassTransit did not bring it here; RabbitMQ did, because the process died each time it handled it.
            const int Deaths = RabbitMqQueues.DeliveryLimit + 1 + RabbitMqQueues.QuarantineDeliveryLimit + 1;
            failures = new(
                (failures?.Attempts ?? 0) + Deaths,
                failures?.Round ?? 0,
                failures?.Replays ?? 0,
                failures?.First ?? time,
                time,
                $"the process died {Deaths} times while it handled this message, the last {RabbitMqQueues.QuarantineDeliveryLimit + 1} times alone (delivery limit)");
        }

        failures ??= FailureHistory.After(before: null, "unknown: put here by hand", DateTimeOffset.UnixEpoch);
        return new(
            headers.GetValueOrDefault(HeaderNames.MessageId) ?? message.BasicProperties.MessageId ?? string.Empty,
            MessageEnvelope.Read(message.Body).Type,
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
