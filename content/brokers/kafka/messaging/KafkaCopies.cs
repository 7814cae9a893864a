using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Confluent.Kafka;

namespace Acme._1.Messaging.Kafka;

/// <summary>
/// Copies a failed message to where it waits for its next attempt, or stays. Only when the copy is confirmed may the
/// original be left behind: a crash in between makes a duplicate, never a loss.
/// </summary>
internal sealed class KafkaCopies(KafkaProducer producer, TimeProvider clock)
{
    /// <summary>Ids of ours are shorter. One that is not must not be in the copy twice, or it might not fit.</summary>
    private const int MaxIdLength = 256;

    public async Task RetryAsync(
        string queue, ConsumeResult<byte[]?, byte[]?> record, FailureHistory failures, TimeSpan delay, CancellationToken cancellationToken)
    {
        try
        {
            var headers = KafkaHeaders.ForRetry(record, failures, clock.GetUtcNow() + delay);
            await CopyAsync(KafkaTopology.RetryTopic(queue, failures.Round), record.Message.Key, record.Message.Value, headers, cancellationToken);
        }
        catch (BrokerUnavailableException exception) when (KafkaProducer.IsTooLarge(exception))
        {
            await DeadLetterAsync(queue, record, failures, cancellationToken);
        }
    }

    public async Task DeadLetterAsync(string queue, ConsumeResult<byte[]?, byte[]?> record, FailureHistory failures, CancellationToken cancellationToken)
    {
        // A message that came without an id gets one, or nobody could ask for it.
        var sentId = KafkaHeaders.IdOf(KafkaHeaders.Read(record.Message.Headers));
        var id = sentId ?? Guid.CreateVersion7().ToString();
        var shortId = id.Length <= MaxIdLength ? id : Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(id)));

        // The same message from the same place is the same dead letter; another with the same id is not.
        var key = Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{shortId} {record.Topic} {record.Partition.Value} {record.Offset.Value}"));
        try
        {
            var headers = KafkaHeaders.ForDeadLetter(record, failures, queue);
            if (sentId is null)
            {
                headers.Add(KafkaHeaders.Id, Encoding.UTF8.GetBytes(id));
            }

            await CopyAsync(KafkaTopology.DeadLetterTopic(queue), key, record.Message.Value, headers, cancellationToken);
        }
        catch (BrokerUnavailableException exception) when (KafkaProducer.IsTooLarge(exception))
        {
            // Where it is now it did fit, compressed or under a limit that has changed since. It must not hold up its
            // partition for ever, and the log still has it.
            var headers = KafkaHeaders.ForDeadLetterElsewhere(record, failures, queue, shortId);
            await CopyAsync(KafkaTopology.DeadLetterTopic(queue), key, value: [], headers, cancellationToken);
        }
    }

    /// <summary>Without a value a record would be a tombstone, so nothing becomes empty.</summary>
    private Task CopyAsync(string topic, byte[]? key, byte[]? value, Headers headers, CancellationToken cancellationToken) =>
        producer.ProduceAsync(topic, new Message<byte[]?, byte[]?> { Key = key, Value = value ?? [], Headers = headers }, cancellationToken);
}
