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
internal sealed class NatsTopology(IOptions<NatsSettings> settings)
{
    private const int NotFound = 404;
    private const int ServiceUnavailable = 503;

    /// <summary>As long as the server remembers the ids of messages, to drop those that are sent twice.</summary>
    private static readonly TimeSpan DuplicateWindow = TimeSpan.FromMinutes(2);

    /// <exception cref="NatsTopologyException">A stream exists with other settings. The message names it, the setting and the fix.</exception>
    public async Task DeclareAsync(NatsJSContext jetStream, CancellationToken cancellationToken)
    {
        foreach (var destination in MessageTypes.All.Select(type => type.Destination).Distinct())
        {
            if (destination.Kind is DestinationKind.Queue)
            {
                await DeclareQueueAsync(jetStream, destination.Name, cancellationToken);
            }
            else
            {
                // Kept until everyone who subscribed has it; if nobody has, not at all.
                await DeclareStreamAsync(jetStream, Stream(destination.Name, StreamConfigRetention.Interest), cancellationToken);
            }
        }
    }

    private async Task DeclareQueueAsync(NatsJSContext jetStream, string queue, CancellationToken cancellationToken)
    {
        var work = Stream(queue, StreamConfigRetention.Workqueue);
        if (jetStream.Connection.ServerInfo is { MaxPayload: > NatsMessageHeaders.MaxFailureBytes } server)
        {
            // A message that fits into the queue must fit into the dead-letter queue too, whoever sent it.
            work.MaxMsgSize = server.MaxPayload - NatsMessageHeaders.MaxFailureBytes;
        }

        await DeclareStreamAsync(jetStream, work, cancellationToken);
        await DeclareConsumerAsync(jetStream, work.Name!, maxAckPending: -1, cancellationToken);

        // Waiting retries are pending all the time. In a stream of their own they cannot use up what the queue's consumer
        // may have pending, nor keep the processed messages around them on disk.
        var retries = Stream(NatsNames.Retries(queue), StreamConfigRetention.Workqueue, $"{NatsNames.Retries(queue)}.*");
        await DeclareStreamAsync(jetStream, retries, cancellationToken);
        await DeclareConsumerAsync(jetStream, retries.Name!, maxAckPending: -1, cancellationToken);

        // One at a time among all instances, so that a crash counts against the message that was being handled and no other.
        var quarantine = Stream(NatsNames.Quarantine(queue), StreamConfigRetention.Workqueue);
        await DeclareStreamAsync(jetStream, quarantine, cancellationToken);
        await DeclareConsumerAsync(jetStream, quarantine.Name!, maxAckPending: 1, cancellationToken);

        // No work queue: those cannot be browsed.
        var deadLetters = Stream(NatsNames.DeadLetters(queue), StreamConfigRetention.Limits, $"{NatsNames.DeadLetters(queue)}.*");
        await DeclareStreamAsync(jetStream, deadLetters, cancellationToken);
    }

    private StreamConfig Stream(string destination, StreamConfigRetention retention, string? subjects = null) =>
        new(NatsNames.StreamOf(destination), [subjects ?? destination])
        {
            Retention = retention,
            Storage = StreamConfigStorage.File,

            // If an operator sets a limit, a full stream refuses messages instead of forgetting the oldest.
            Discard = StreamConfigDiscard.New,
            DuplicateWindow = DuplicateWindow,
            NumReplicas = settings.Value.Replicas,
        };

    private static async Task DeclareStreamAsync(NatsJSContext jetStream, StreamConfig wanted, CancellationToken cancellationToken)
    {
        StreamConfig found;
        try
        {
            found = (await jetStream.GetStreamAsync(wanted.Name!, cancellationToken: cancellationToken)).Info.Config;
        }
        catch (NatsJSApiException exception) when (exception.Error.Code == NotFound)
        {
            try
            {
                // Another instance may do the same at the same time; with the same settings that is no conflict.
                found = (await jetStream.CreateStreamAsync(wanted, cancellationToken)).Info.Config;
            }
            catch (NatsJSApiException refused) when (refused.Error.Code != ServiceUnavailable)
            {
                throw new NatsTopologyException(
                    $"NATS refused to create the stream {wanted.Name} for {string.Join(", ", wanted.Subjects!)}: {refused.Error.Description}. "
                    + "If another stream has these subjects, remove them there (nats stream edit) or delete it; if the server has too few nodes or resources, see Messaging:Nats:Replicas.",
                    refused);
            }
        }

        Check("retention", wanted.Retention, found.Retention);
        Check("discard policy", wanted.Discard, found.Discard);
        Check("subjects", string.Join(", ", wanted.Subjects!.Order()), string.Join(", ", (found.Subjects ?? []).Order()));
        Check("no-ack", false, found.NoAck);
        if (wanted.Retention is StreamConfigRetention.Workqueue)
        {
            Check("maximum age", TimeSpan.Zero, found.MaxAge);
        }

        void Check<T>(string setting, T expected, T actual)
        {
            if (!EqualityComparer<T>.Default.Equals(expected, actual))
            {
                throw new NatsTopologyException(
                    $"The stream {wanted.Name} exists with another {setting}: {actual} instead of {expected}. "
                    + $"Correct it with `nats stream edit {wanted.Name}`, or empty it, delete it with `nats stream rm {wanted.Name}`, and start this service again.");
            }
        }
    }

    private async Task DeclareConsumerAsync(NatsJSContext jetStream, string stream, int maxAckPending, CancellationToken cancellationToken)
    {
        var wanted = new ConsumerConfig(NatsNames.Consumer)
        {
            AckPolicy = ConsumerConfigAckPolicy.Explicit,
            AckWait = settings.Value.AckWait,

            // How much is out at once is bounded in each process, by what it asks for.
            MaxAckPending = maxAckPending,

            // The server would leave a message that reaches a limit in the stream, for nobody to see. The receiver
            // looks at the count instead, and has the message at hand when it gives up.
            MaxDeliver = -1,
        };

        try
        {
            await jetStream.CreateOrUpdateConsumerAsync(stream, wanted, cancellationToken);
        }
        catch (NatsJSApiException refused) when (refused.Error.Code is not (ServiceUnavailable or NotFound))
        {
            throw new NatsTopologyException(
                $"The stream {stream} has a consumer that does not fit {NatsNames.Consumer} (explicit acknowledgement, no filter, {maxAckPending} pending): {refused.Error.Description}. "
                + $"Delete it with `nats consumer rm {stream}` (its unacknowledged messages stay in the stream), and start this service again.",
                refused);
        }
    }
}
