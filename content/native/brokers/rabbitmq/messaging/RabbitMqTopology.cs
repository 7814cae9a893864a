using Acme._1.Contracts;
using Microsoft.Extensions.Options;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace Acme._1.Messaging.RabbitMq;

/// <summary>
/// The queues and exchanges, declared by whoever connects first. All queues are quorum queues: replicated, and they
/// count how often a message was delivered. The arguments never depend on settings, because RabbitMQ refuses to
/// declare a queue again with other arguments.
/// </summary>
internal sealed class RabbitMqTopology(HandlerRegistry registry, IOptions<RetryOptions> retry)
{
    /// <summary>A delivery that came back this often after a crash or a lost connection is handled in the quarantine.</summary>
    public const int SuspectAfter = 2;

    /// <summary>A message in the quarantine that took the process down this often is dead.</summary>
    public const int QuarantineDeliveryLimit = 3;

    /// <summary>RabbitMQ 4 gives every quorum queue a limit of 20, and browsing counts as a delivery: it would drop dead letters.</summary>
    private const int NoDeliveryLimit = int.MaxValue;

    public static string DeadLetterQueue(string queue) => $"{queue}.dlq";

    public static string Quarantine(string queue) => $"{queue}.quarantine";

    public static string RetryQueue(string queue, int round) => $"{queue}.retry.{round}";

    public IEnumerable<string> RetryQueues(string queue) =>
        Enumerable.Range(1, retry.Value.MaxAttempts - 1).Select(round => RetryQueue(queue, round));

    /// <exception cref="InvalidOperationException">A queue exists with other arguments. The message names it, the argument and the fix.</exception>
    public async Task DeclareAsync(IConnection connection, CancellationToken cancellationToken)
    {
        await using var channel = await connection.CreateChannelAsync(cancellationToken: cancellationToken);
        try
        {
            foreach (var destination in MessageTypes.All.Select(type => type.Destination).Distinct())
            {
                if (destination.Kind is DestinationKind.Queue)
                {
                    await DeclareQueuesAsync(channel, destination.Name, cancellationToken);
                }
                else if (destination.Kind is DestinationKind.Topic)
                {
                    await channel.ExchangeDeclareAsync(destination.Name, ExchangeType.Topic, durable: true, cancellationToken: cancellationToken);
                }
            }

            foreach (var (queue, topic, subject) in registry.Subscriptions)
            {
                await DeclareQueuesAsync(channel, queue, cancellationToken);
                await channel.QueueBindAsync(queue, topic, routingKey: subject ?? "#", cancellationToken: cancellationToken);
            }
        }
        catch (OperationInterruptedException exception) when (exception.ShutdownReason?.ReplyCode == Constants.PreconditionFailed)
        {
            throw new InvalidOperationException(
                $"RabbitMQ has a queue or exchange of ours with other settings: {exception.ShutdownReason.ReplyText}. "
                + "Its settings cannot be changed: empty it, delete it, and start this service again.",
                exception);
        }
    }

    private async Task DeclareQueuesAsync(IChannel channel, string queue, CancellationToken cancellationToken)
    {
        // What crashes keep bringing back goes to the quarantine, not to the dead letters: among it are the innocent
        // messages that were prefetched together with the one that kills the process.
        await DeclareAsync(queue, deadLetterTo: Quarantine(queue), deliveryLimit: 20);
        await DeclareAsync(Quarantine(queue), deadLetterTo: DeadLetterQueue(queue), QuarantineDeliveryLimit);
        await DeclareAsync(DeadLetterQueue(queue), deadLetterTo: null, NoDeliveryLimit);

        // A message waits in a retry queue until its time to live is over; then RabbitMQ moves it back. A queue for
        // each round, because only the message at the head of a queue expires: one queue would make short delays wait for long ones.
        foreach (var retryQueue in RetryQueues(queue))
        {
            await DeclareAsync(retryQueue, deadLetterTo: queue, NoDeliveryLimit);
        }

        Task DeclareAsync(string name, string? deadLetterTo, int deliveryLimit)
        {
            var arguments = new Dictionary<string, object?>
            {
                ["x-queue-type"] = "quorum",
                ["x-delivery-limit"] = deliveryLimit,
            };

            if (deadLetterTo is not null)
            {
                arguments["x-dead-letter-exchange"] = string.Empty;
                arguments["x-dead-letter-routing-key"] = deadLetterTo;

                // Without these two the move is at most once: the message is gone if the target does not take it.
                arguments["x-dead-letter-strategy"] = "at-least-once";
                arguments["x-overflow"] = "reject-publish";
            }

            return channel.QueueDeclareAsync(
                name, durable: true, exclusive: false, autoDelete: false, arguments, cancellationToken: cancellationToken);
        }
    }
}
