using System.Text.Json;
using Acme._1.Contracts;
using MassTransit;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace Acme._1.Messaging.RabbitMq;

/// <summary>
/// Works on the dead letters where they are, in MassTransit's error queue, through a connection of its own: MassTransit
/// has no way to look into a queue. Neither has AMQP: to browse is to fetch without acknowledging, and to give back by
/// closing the channel. Meanwhile nobody else sees those messages.
/// The time a call takes grows with the number of dead letters, its memory does not.
/// </summary>
internal sealed class RabbitMqDeadLetterQueue : IDeadLetterQueue, IDisposable
{
    private readonly ConnectionFactory _factory;
    private readonly MessagesInFlight _inFlight;
    private readonly int _retryQueues;

    // Two calls at once would hide dead letters from each other.
    private readonly SemaphoreSlim _alone = new(1);

    public RabbitMqDeadLetterQueue(
        IConfiguration configuration, IHostEnvironment environment, MessagesInFlight inFlight, IOptions<RetryOptions> retry, IOptions<MessagingOptions> messaging)
    {
        _inFlight = inFlight;
        _retryQueues = retry.Value.MaxAttempts - 1;
        _factory = new ConnectionFactory
        {
            Uri = new Uri(configuration.GetBrokerConnectionString("amqp://guest:guest@localhost:5672/")),
            ClientProvidedName = $"{environment.ApplicationName} ops",
            AutomaticRecoveryEnabled = false,
            RequestedConnectionTimeout = messaging.Value.PublishTimeout,
            ContinuationTimeout = messaging.Value.PublishTimeout,
        };
    }

    private static IEnumerable<string> Queues =>
        MessageTypes.All.Select(type => type.Destination).Where(destination => destination.Kind is DestinationKind.Queue).Select(destination => destination.Name).Distinct();

    public async Task<IReadOnlyList<DeadLetter>> ListAsync(int take, CancellationToken cancellationToken)
    {
        var newest = new Queue<DeadLetter>();
        await BrowseAsync(
            (letter, _) =>
            {
                newest.Enqueue(letter);
                if (newest.Count > take)
                {
                    newest.Dequeue();
                }

                return Task.FromResult(Verdict.Keep);
            },
            cancellationToken);

        return [.. newest.OrderByDescending(letter => letter.LastFailure)];
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

    public Task<IReadOnlyList<QueueFigures>> GetQueuesAsync(CancellationToken cancellationToken) => WithChannelAsync(
        async channel =>
        {
            var figures = new List<QueueFigures>();
            foreach (var queue in Queues)
            {
                var retrying = 0L;
                for (var round = 1; round <= _retryQueues; round++)
                {
                    retrying += (await RabbitMqQueues.DeclareRetryAsync(channel, queue, round, cancellationToken)).MessageCount;
                }

                figures.Add(new(
                    queue,
                    Depth: await channel.MessageCountAsync(queue, cancellationToken)
                        + await channel.MessageCountAsync(RabbitMqQueues.Quarantine(queue), cancellationToken),
                    _inFlight.Count,
                    retrying,
                    DeadLettered: await channel.MessageCountAsync(RabbitMqQueues.Error(queue), cancellationToken)));
            }

            return (IReadOnlyList<QueueFigures>)figures;
        },
        cancellationToken);

    public void Dispose() => _alone.Dispose();

    private Task<int> ReplayAsync(Predicate<DeadLetter> match, CancellationToken cancellationToken) => BrowseAsync(
        async (letter, message) =>
        {
            if (!match(letter))
            {
                return Verdict.Keep;
            }

            var failures = new FailureHistory(letter.Attempts, Round: 0, letter.Replays + 1, letter.FirstFailure, letter.LastFailure, letter.Reason);
            var properties = RabbitMqMessages.Copy(message.Properties, failures);

            // One that had no id was given its broker-side one; the copy must keep the name it is known by.
            properties.Headers![HeaderNames.MessageId] = letter.MessageId;
            await message.Channel.BasicPublishAsync(
                exchange: string.Empty, letter.Queue, mandatory: true, properties, letter.Payload, cancellationToken);
            return Verdict.Remove;
        },
        cancellationToken);

    private enum Verdict
    {
        Keep,
        Remove,
    }

    private sealed record Browsed(IChannel Channel, IReadOnlyBasicProperties Properties);

    /// <summary>Shows every dead letter that is there now, the oldest first, and removes those it is told to.</summary>
    private async Task<int> BrowseAsync(Func<DeadLetter, Browsed, Task<Verdict>> look, CancellationToken cancellationToken)
    {
        await _alone.WaitAsync(cancellationToken);
        try
        {
            return await WithChannelAsync(
                async channel =>
                {
                    var removed = 0;
                    foreach (var queue in Queues)
                    {
                        var errorQueue = RabbitMqQueues.Error(queue);

                        // Counted first: a message that dies again while we replay must not keep us here for ever.
                        for (var left = await channel.MessageCountAsync(errorQueue, cancellationToken); left > 0; left--)
                        {
                            if (await channel.BasicGetAsync(errorQueue, autoAck: false, cancellationToken) is not { } message)
                            {
                                break;
                            }

                            if (await look(ToDeadLetter(queue, message), new(channel, message.BasicProperties)) is Verdict.Remove)
                            {
                                await channel.BasicAckAsync(message.DeliveryTag, multiple: false, cancellationToken);
                                removed++;
                            }
                        }
                    }

                    return removed;
                },
                cancellationToken);
        }
        finally
        {
            _alone.Release();
        }
    }

    /// <summary>Closing the channel waits for the acknowledgements, and gives back what was not acknowledged.</summary>
    private async Task<T> WithChannelAsync<T>(Func<IChannel, Task<T>> work, CancellationToken cancellationToken)
    {
        try
        {
            await using var connection = await _factory.CreateConnectionAsync(cancellationToken);
            await using var channel = await connection.CreateChannelAsync(
                new CreateChannelOptions(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true), cancellationToken);
            var result = await work(channel);
            await channel.CloseAsync(cancellationToken);
            return result;
        }
        catch (Exception exception) when (exception is RabbitMQClientException or IOException or TimeoutException)
        {
            throw new BrokerUnavailableException($"RabbitMQ did not answer: {exception.GetBaseException().Message}", exception);
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
            MessageEnvelopes.FindType(message.Body),
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
