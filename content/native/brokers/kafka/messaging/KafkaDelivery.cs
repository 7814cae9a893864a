using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Confluent.Kafka;

namespace Acme._1.Messaging.Kafka;

internal sealed class KafkaDelivery(
    string queue, ConsumeResult<byte[]?, byte[]?> record, KafkaPartition partition, KafkaTransport transport, TimeProvider clock)
    : IDelivery
{
    /// <summary>Ids of ours are shorter. One that is not must not be in the copy twice, or it might not fit.</summary>
    private const int MaxIdLength = 256;

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
        try
        {
            var headers = KafkaHeaders.ForRetry(record, failures, clock.GetUtcNow() + delay);
            await MoveAsync(KafkaTopology.RetryTopic(queue, failures.Round), record.Message.Key, record.Message.Value, headers, cancellationToken);
        }
        catch (BrokerUnavailableException exception) when (KafkaTransport.IsTooLarge(exception))
        {
            await DeadLetterAsync(failures, cancellationToken);
        }
    }

    public async Task DeadLetterAsync(FailureHistory failures, CancellationToken cancellationToken)
    {
        // A message that came without an id gets one, or nobody could ask for it.
        var hasId = Headers.TryGetValue(HeaderNames.Id, out var id);
        id ??= Guid.CreateVersion7().ToString();
        var shortId = id.Length <= MaxIdLength ? id : Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(id)));

        // The same message from the same place is the same dead letter; another with the same id is not.
        var key = Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{shortId} {record.Topic} {record.Partition.Value} {record.Offset.Value}"));
        try
        {
            var headers = KafkaHeaders.ForDeadLetter(record, failures, queue);
            if (!hasId)
            {
                headers.Add(HeaderNames.Id, Encoding.UTF8.GetBytes(id));
            }

            await MoveAsync(KafkaTopology.DeadLetterTopic(queue), key, record.Message.Value, headers, cancellationToken);
        }
        catch (BrokerUnavailableException exception) when (KafkaTransport.IsTooLarge(exception))
        {
            // Where it is now it did fit, compressed or under a limit that has changed since. It must not hold up its
            // partition for ever, and the log still has it.
            var headers = KafkaHeaders.ForDeadLetterElsewhere(record, failures, queue, shortId);
            await MoveAsync(KafkaTopology.DeadLetterTopic(queue), key, value: [], headers, cancellationToken);
        }
    }

    private async Task MoveAsync(string topic, byte[]? key, byte[]? value, Headers headers, CancellationToken cancellationToken)
    {
        // The copy first, and only when it is confirmed the original: a crash in between makes a duplicate, never a loss.
        // Without a value a record would be a tombstone, so nothing becomes empty.
        await transport.ProduceAsync(topic, new Message<byte[]?, byte[]?> { Key = key, Value = value ?? [], Headers = headers }, cancellationToken);
        await CompleteAsync(cancellationToken);
    }
}
