using Acme._1.Contracts;
using Microsoft.Extensions.Options;
using NATS.Client.JetStream;
using NATS.Client.JetStream.Models;

namespace Acme._1.Messaging.Nats;

/// <summary>A stream or consumer does not fit this service, and waiting does not change that.</summary>
internal sealed class NatsTopologyException(string message, Exception? innerException = null) : Exception(message, innerException);

/// <summary>
/// The streams and their consumers, created by whoever connects first. A stream that exists is checked and never
/// updated: an operator may have given it replicas, limits or a placement, and an update would undo that.
/// </summary>
internal sealed class NatsTopology(HandlerRegistry registry, IOptions<NatsSettings> settings, INatsDirectQueues? direct = null)
{
    private const long Unlimited = -1;
    private const int NotFound = 404;
    private const int ServiceUnavailable = 503;
    private const int MaxPauseMilliseconds = 200;

    /// <summary>As long as the server remembers the ids of messages, to drop those that are sent twice.</summary>
    private static readonly TimeSpan DuplicateWindow = TimeSpan.FromMinutes(2);

    /// <exception cref="NatsTopologyException">A stream exists with other settings. The message names it, the setting and the fix.</exception>
    public async Task DeclareAsync(NatsJSContext jetStream, CancellationToken cancellationToken)
    {
        foreach (var destination in MessageTypes.All.Select(type => type.Destination).Distinct())
        {
            switch (destination.Kind)
            {
                case DestinationKind.Queue when direct?.Contains(destination.Name) == true:
                    await DeclareDeadLettersAsync(jetStream, destination.Name, cancellationToken);
                    break;
                case DestinationKind.Queue:
                    await DeclareQueueAsync(jetStream, destination.Name, cancellationToken);
                    break;
                case DestinationKind.Topic:
                    await DeclareTopicAsync(jetStream, destination.Name, cancellationToken);
                    break;
            }
        }

        foreach (var subscriptions in registry.Subscriptions.GroupBy(subscription => (subscription.Topic, subscription.Queue)))
        {
            await DeclareSubscriptionAsync(jetStream, [.. subscriptions], cancellationToken);
        }
    }

    private async Task DeclareQueueAsync(NatsJSContext jetStream, string queue, CancellationToken cancellationToken)
    {
        var work = Limit(jetStream, Stream(queue, StreamConfigRetention.Workqueue, queue));
        await DeclareStreamAsync(jetStream, work, cancellationToken);
        await DeclareConsumerAsync(jetStream, work.Name!, Consumer(NatsNames.Workers), cancellationToken);
        await DeclareFailuresAsync(jetStream, queue, cancellationToken);
    }

    private async Task DeclareTopicAsync(NatsJSContext jetStream, string topic, CancellationToken cancellationToken)
    {
        // In a log of events, the name of an account is one token: what is further below is left to the subscribers' queues.
        var isKept = KeptTopics.Contains(topic);
        var stream = Limit(jetStream, Stream(topic, StreamConfigRetention.Limits, topic, NatsNames.SubjectOf(topic, isKept ? "*" : ">")));
        await DeclareStreamAsync(jetStream, stream, cancellationToken, isKept);
    }

    private async Task DeclareSubscriptionAsync(NatsJSContext jetStream, Subscription[] subscriptions, CancellationToken cancellationToken)
    {
        if (subscriptions is not [var (queue, topic, subject)])
        {
            // Servers before 2.10 ignore further filters, and there can only be one consumer of this name.
            throw new NatsTopologyException(
                $"{subscriptions[0].Queue} subscribes to {subscriptions[0].Topic} by more than one subject. Subscribe to one or to all, or by one queue for each.");
        }

        await DeclareFailuresAsync(jetStream, queue, cancellationToken);
        var consumer = Consumer(NatsNames.Subscriber(queue)) with { FilterSubject = subject is null ? null : NatsNames.SubjectOf(topic, subject) };
        await DeclareConsumerAsync(jetStream, NatsNames.StreamOf(topic), consumer, cancellationToken);
    }

    /// <summary>Where the messages of a queue go that cannot be handled at once.</summary>
    private async Task DeclareFailuresAsync(NatsJSContext jetStream, string queue, CancellationToken cancellationToken)
    {
        // Waiting retries are pending all the time. In a stream of their own they cannot use up what the queue's consumer
        // may have pending, nor keep the processed messages around them on disk.
        var retries = Stream(NatsNames.Retries(queue), StreamConfigRetention.Workqueue, $"{NatsNames.Retries(queue)}.*");
        await DeclareStreamAsync(jetStream, retries, cancellationToken);
        await DeclareConsumerAsync(jetStream, retries.Name!, Consumer(NatsNames.Workers), cancellationToken);

        // One at a time among all instances, so that a crash counts against the message that was being handled and no other.
        var quarantine = Stream(NatsNames.Quarantine(queue), StreamConfigRetention.Workqueue, NatsNames.Quarantine(queue));
        await DeclareStreamAsync(jetStream, quarantine, cancellationToken);
        await DeclareConsumerAsync(jetStream, quarantine.Name!, Consumer(NatsNames.Workers) with { MaxAckPending = 1 }, cancellationToken);

        await DeclareDeadLettersAsync(jetStream, queue, cancellationToken);
    }

    // No work queue: those cannot be browsed.
    private Task DeclareDeadLettersAsync(NatsJSContext jetStream, string queue, CancellationToken cancellationToken) =>
        DeclareStreamAsync(
            jetStream, Stream(NatsNames.DeadLetters(queue), StreamConfigRetention.Limits, $"{NatsNames.DeadLetters(queue)}.*"), cancellationToken);

    // A message that fits in here must fit into the dead-letter queue too, whoever sent it.
    private static StreamConfig Limit(NatsJSContext jetStream, StreamConfig stream)
    {
        if (jetStream.Connection.ServerInfo is { MaxPayload: > NatsMessageHeaders.MaxFailureBytes } server)
        {
            stream.MaxMsgSize = server.MaxPayload - NatsMessageHeaders.MaxFailureBytes;
        }

        return stream;
    }

    private StreamConfig Stream(string destination, StreamConfigRetention retention, params string[] subjects) =>
        new(NatsNames.StreamOf(destination), subjects)
        {
            Retention = retention,
            Storage = StreamConfigStorage.File,

            // If an operator sets a limit, a full stream refuses messages instead of forgetting the oldest.
            Discard = StreamConfigDiscard.New,
            DuplicateWindow = DuplicateWindow,
            NumReplicas = settings.Value.Replicas,
        };

    private static async Task DeclareStreamAsync(
        NatsJSContext jetStream, StreamConfig wanted, CancellationToken cancellationToken, bool isKept = false)
    {
        var found = await FindStreamAsync(jetStream, wanted.Name!, cancellationToken) ?? await CreateStreamAsync(jetStream, wanted, cancellationToken);

        Check("retention", wanted.Retention, found.Retention);
        Check("discard policy", wanted.Discard, found.Discard);
        Check("subjects", string.Join(", ", wanted.Subjects!.Order()), string.Join(", ", (found.Subjects ?? []).Order()));
        Check("no-ack", false, found.NoAck);
        if (wanted.Retention is StreamConfigRetention.Workqueue || isKept)
        {
            Check("maximum age", TimeSpan.Zero, found.MaxAge);
        }

        if (isKept)
        {
            // This limit makes room even where the others refuse.
            Check("limit of messages per subject", Unlimited, found.MaxMsgsPerSubject > 0 ? found.MaxMsgsPerSubject : Unlimited);
        }

        void Check<T>(string setting, T expected, T actual)
        {
            if (!EqualityComparer<T>.Default.Equals(expected, actual))
            {
                throw new NatsTopologyException(
                    $"The stream {wanted.Name} exists with another {setting}: {actual} instead of {expected}. "
                    + (isKept
                        ? $"Correct it with `nats stream edit {wanted.Name}` and start this service again. Do not delete it: it holds the events."
                        : $"Correct it with `nats stream edit {wanted.Name}`, or empty it, delete it with `nats stream rm {wanted.Name}`, and start this service again."));
            }
        }
    }

    /// <returns>Its settings, or null if there is none of this name.</returns>
    private static async Task<StreamConfig?> FindStreamAsync(NatsJSContext jetStream, string name, CancellationToken cancellationToken)
    {
        try
        {
            return (await jetStream.GetStreamAsync(name, cancellationToken: cancellationToken)).Info.Config;
        }
        catch (NatsJSApiException exception) when (exception.Error.Code == NotFound)
        {
            return null;
        }
    }

    private static async Task<StreamConfig> CreateStreamAsync(NatsJSContext jetStream, StreamConfig wanted, CancellationToken cancellationToken)
    {
        // Another instance may do the same. To the server that is no conflict, but 2.9 may refuse one of two that come at the same moment. So
        // each pauses for a moment of its own, and looks again.
        await Task.Delay(TimeSpan.FromMilliseconds(Random.Shared.Next(MaxPauseMilliseconds)), cancellationToken);
        if (await FindStreamAsync(jetStream, wanted.Name!, cancellationToken) is { } theirs)
        {
            return theirs;
        }

        try
        {
            return (await jetStream.CreateStreamAsync(wanted, cancellationToken)).Info.Config;
        }
        catch (NatsJSApiException refused) when (refused.Error.Code != ServiceUnavailable)
        {
            return await FindStreamAsync(jetStream, wanted.Name!, cancellationToken) ?? throw new NatsTopologyException(
                $"NATS refused to create the stream {wanted.Name} for {string.Join(", ", wanted.Subjects!)}: {refused.Error.Description}. "
                + "If another stream has these subjects, remove them there (nats stream edit) or delete it; if the server has too few nodes or resources, see Messaging:Nats:Replicas.",
                refused);
        }
    }

    private ConsumerConfig Consumer(string name) => new(name)
    {
        AckPolicy = ConsumerConfigAckPolicy.Explicit,
        AckWait = settings.Value.AckWait,

        // How much is out at once is bounded in each process, by what it asks for.
        MaxAckPending = -1,

        // The server would leave a message that reaches a limit in the stream, for nobody to see. The receiver
        // looks at the count instead, and has the message at hand when it gives up.
        MaxDeliver = -1,
    };

    private static async Task DeclareConsumerAsync(
        NatsJSContext jetStream, string stream, ConsumerConfig wanted, CancellationToken cancellationToken)
    {
        try
        {
            await jetStream.CreateOrUpdateConsumerAsync(stream, wanted, cancellationToken);
        }
        catch (NatsJSApiException refused) when (refused.Error.Code is not (ServiceUnavailable or NotFound))
        {
            throw new NatsTopologyException(
                $"The stream {stream} has a consumer that does not fit {wanted.Name} (explicit acknowledgement, filter {wanted.FilterSubject ?? "none"}, {wanted.MaxAckPending} pending): {refused.Error.Description}. "
                + $"Delete it with `nats consumer rm {stream}` (its unacknowledged messages stay in a work queue; a topic forgets those that nobody else waits for), and start this service again.",
                refused);
        }
    }
}
