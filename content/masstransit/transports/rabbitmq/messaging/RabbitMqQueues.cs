using MassTransit;
using RabbitMQ.Client;

namespace Acme._1.Messaging.RabbitMq;

/// <summary>
/// The queues around a work queue, and their arguments. All are quorum queues: replicated, and they count how often a
/// message was delivered. The arguments never depend on settings, because RabbitMQ refuses to declare a queue again
/// with other arguments.
/// </summary>
internal static class RabbitMqQueues
{
    /// <summary>A message whose consumer died this often is handled in the quarantine from then on.</summary>
    public const int DeliveryLimit = 2;

    /// <summary>A message in the quarantine that took the process down more often than this is dead.</summary>
    public const int QuarantineDeliveryLimit = 2;

    /// <summary>RabbitMQ 4 gives every quorum queue a limit of 20, and browsing counts as a delivery: it would drop dead letters.</summary>
    private const int NoDeliveryLimit = int.MaxValue;

    private const string QuarantineSuffix = ".quarantine";

    public static string Quarantine(string queue) => queue + QuarantineSuffix;

    public static string Error(string queue) => $"{queue}_error";

    public static string Retry(string queue, int round) => $"{queue}.retry.{round}";

    /// <summary>The work queue that a queue belongs to: its own, or that of its quarantine.</summary>
    public static string WorkQueueOf(string queue) =>
        queue.EndsWith(QuarantineSuffix, StringComparison.Ordinal) ? queue[..^QuarantineSuffix.Length] : queue;

    /// <summary>
    /// What crashes keep bringing back goes to the quarantine, not to the error queue: among it are the innocent
    /// messages that were prefetched together with the one that kills the process.
    /// </summary>
    public static void ConfigureWork(IRabbitMqQueueConfigurator queue, string name) =>
        Configure(queue, DeliveryLimit, deadLetterTo: Quarantine(name));

    public static void ConfigureQuarantine(IRabbitMqQueueConfigurator queue, string workQueue) =>
        Configure(queue, QuarantineDeliveryLimit, deadLetterTo: Error(workQueue));

    public static void ConfigureError(IRabbitMqQueueConfigurator queue) => Configure(queue, NoDeliveryLimit, deadLetterTo: null);

    /// <summary>
    /// A message waits in a retry queue until its time to live is over; then RabbitMQ moves it back. A queue for each
    /// round, because only the message at the head of a queue expires: one queue would make short delays wait for long ones.
    /// </summary>
    public static Task<QueueDeclareOk> DeclareRetryAsync(IChannel channel, string workQueue, int round, CancellationToken cancellationToken) =>
        channel.QueueDeclareAsync(
            Retry(workQueue, round),
            durable: true,
            exclusive: false,
            autoDelete: false,
            Arguments(NoDeliveryLimit, deadLetterTo: workQueue),
            cancellationToken: cancellationToken);

    private static void Configure(IRabbitMqQueueConfigurator queue, int deliveryLimit, string? deadLetterTo)
    {
        foreach (var (name, value) in Arguments(deliveryLimit, deadLetterTo))
        {
            // A null takes an argument away: MassTransit starts an error queue with those of the queue it belongs to.
            queue.SetQueueArgument(name, value);
        }
    }

    private static Dictionary<string, object?> Arguments(int deliveryLimit, string? deadLetterTo) => new()
    {
        ["x-queue-type"] = "quorum",
        ["x-delivery-limit"] = deliveryLimit,
        ["x-dead-letter-exchange"] = deadLetterTo,

        // Without these two the move is at most once: the message is gone if the target does not take it.
        ["x-dead-letter-strategy"] = deadLetterTo is null ? null : "at-least-once",
        ["x-overflow"] = deadLetterTo is null ? null : "reject-publish",
    };
}
