using System.Globalization;
using System.Text;
using Confluent.Kafka;

namespace Acme._1.Messaging.Kafka;

/// <summary>
/// Counts what Kafka does not: how often a message was delivered and never settled, because the process died. Before
/// the first message of a partition is handled, a note says which one it is; a process that gives the partition back in
/// good order removes the note. A process that finds a note on the very message it begins with counts one more.
/// </summary>
internal sealed class KafkaStarts(KafkaTopicReader reader, KafkaProducer producer)
{
    /// <summary>The notes there are, read from the beginning of their topic: there are few.</summary>
    /// <exception cref="BrokerUnavailableException">No broker answered.</exception>
    public async Task<IReadOnlyDictionary<TopicPartition, Start>> ReadAsync(string queue, CancellationToken cancellationToken)
    {
        var starts = new Dictionary<TopicPartition, Start>();
        await foreach (var record in reader.ReadAsync(KafkaTopology.StartsTopic(queue), cancellationToken))
        {
            var partition = PartitionOf(record.Message.Key);
            if (record.Message.Value is { } value)
            {
                starts[partition] = Start.Parse(Encoding.UTF8.GetString(value));
            }
            else
            {
                starts.Remove(partition);
            }
        }

        return starts;
    }

    /// <param name="queue">The queue.</param>
    /// <param name="partition">Of the queue, or of one of its retry topics.</param>
    /// <param name="start">Null removes the note.</param>
    /// <param name="cancellationToken">Ends the wait for the confirmation.</param>
    /// <exception cref="BrokerUnavailableException">The note was not confirmed.</exception>
    public Task WriteAsync(string queue, TopicPartition partition, Start? start, CancellationToken cancellationToken) =>
        producer.ProduceAsync(
            KafkaTopology.StartsTopic(queue),
            new Message<byte[]?, byte[]?> { Key = KeyOf(partition), Value = start is null ? null : Encoding.UTF8.GetBytes(start.ToString()) },
            cancellationToken);

    private static byte[] KeyOf(TopicPartition partition) =>
        Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{partition.Topic} {partition.Partition.Value}"));

    private static TopicPartition PartitionOf(byte[]? key)
    {
        var parts = Encoding.UTF8.GetString(key ?? []).Split(' ');
        return new(parts[0], int.Parse(parts[^1], CultureInfo.InvariantCulture));
    }
}

/// <param name="Offset">The message that was handled first.</param>
/// <param name="Count">How often in a row it was.</param>
internal sealed record Start(long Offset, int Count)
{
    public static Start Parse(string text)
    {
        var parts = text.Split(' ');
        return new(long.Parse(parts[0], CultureInfo.InvariantCulture), int.Parse(parts[^1], CultureInfo.InvariantCulture));
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Offset} {Count}");
}
