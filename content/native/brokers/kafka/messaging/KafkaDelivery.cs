using System.Globalization;
using System.Text;
using Confluent.Kafka;

namespace Acme._1.Messaging.Kafka;

internal sealed class KafkaDelivery(
    string queue, ConsumeResult<byte[]?, byte[]?> record, KafkaPartition partition, KafkaTransport transport, TimeProvider clock)
    : IDelivery
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

    public Task RetryAsync(FailureHistory failures, TimeSpan delay, CancellationToken cancellationToken) =>
        MoveAsync(
            KafkaTopology.RetryTopic(queue, failures.Round),
            record.Message.Key,
            KafkaHeaders.ForRetry(record, failures, clock.GetUtcNow() + delay),
            cancellationToken);

    public Task DeadLetterAsync(FailureHistory failures, CancellationToken cancellationToken)
    {
        var headers = KafkaHeaders.ForDeadLetter(record, failures, queue);
        if (!Headers.TryGetValue(HeaderNames.Id, out var id))
        {
            // A message that came without an id gets one, or nobody could ask for it.
            id = Guid.CreateVersion7().ToString();
            headers.Add(HeaderNames.Id, Encoding.UTF8.GetBytes(id));
        }

        // The same message from the same place is the same dead letter; another with the same id is not.
        var key = string.Create(CultureInfo.InvariantCulture, $"{id} {record.Topic} {record.Partition.Value} {record.Offset.Value}");
        return MoveAsync(KafkaTopology.DeadLetterTopic(queue), Encoding.UTF8.GetBytes(key), headers, cancellationToken);
    }

    private async Task MoveAsync(string topic, byte[]? key, Headers headers, CancellationToken cancellationToken)
    {
        // The copy first, and only when it is confirmed the original: a crash in between makes a duplicate, never a loss.
        // Without a value a record would be a tombstone, so nothing becomes empty.
        var copy = new Message<byte[]?, byte[]?> { Key = key, Value = record.Message.Value ?? [], Headers = headers };
        await transport.ProduceAsync(topic, copy, cancellationToken);
        await CompleteAsync(cancellationToken);
    }
}
