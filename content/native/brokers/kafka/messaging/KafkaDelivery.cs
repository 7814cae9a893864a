using Confluent.Kafka;

namespace Acme._1.Messaging.Kafka;

internal sealed class KafkaDelivery(string queue, ConsumeResult<byte[]?, byte[]?> record, KafkaPartition partition, KafkaCopies copies) : IDelivery
{
    public string Queue => queue;

    public IReadOnlyDictionary<string, string> Headers { get; } = KafkaHeaders.Read(record.Message.Headers);

    public ReadOnlyMemory<byte> Body => record.Message.Value;

    public CancellationToken Lost => partition.Lost;

    public Task CompleteAsync(CancellationToken cancellationToken)
    {
        // Kafka keeps one number for each partition: it is told when all messages before this one are done, too.
        partition.Complete(record.Offset.Value);
        return Task.CompletedTask;
    }

    public async Task RetryAsync(FailureHistory failures, TimeSpan delay, CancellationToken cancellationToken)
    {
        await copies.RetryAsync(queue, record, failures, delay, cancellationToken);
        await CompleteAsync(cancellationToken);
    }

    public async Task DeadLetterAsync(FailureHistory failures, CancellationToken cancellationToken)
    {
        await copies.DeadLetterAsync(queue, record, failures, cancellationToken);
        await CompleteAsync(cancellationToken);
    }
}
