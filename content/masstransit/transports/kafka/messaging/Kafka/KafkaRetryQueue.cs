using MassTransit;

namespace Acme._1.Messaging.Kafka;

/// <summary>Retries by a topic for each round, from which <see cref="KafkaRetryForwarder"/> takes the messages back in time.</summary>
internal sealed class KafkaRetryQueue(KafkaCopies copies) : IRetryQueue
{
    public Task SendAsync(ReceiveContext message, FailureHistory failures, TimeSpan delay) =>
        copies.RetryAsync(message.GetQueueName(), message.ToRecord(), failures, delay, message.CancellationToken);

    /// <summary>
    /// It always is: the rider never delivers again what it has delivered. It passes over a message that was let go, and
    /// with the next one's offset this one's is committed, too.
    /// </summary>
    public bool IsOurs(ReceiveContext message) => true;
}
