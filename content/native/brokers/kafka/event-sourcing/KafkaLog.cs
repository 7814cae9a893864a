using System.Buffers.Binary;
using System.Text;
using Confluent.Kafka;

namespace Acme._1.EventStore;

/// <summary>Where events are in the topic: all of a stream in one partition, in their order.</summary>
internal static class KafkaLog
{
    public static string Topic => EventMessage.Log.Name;

    /// <summary>
    /// As Kafka's own producers would choose. It is chosen here, because to append is to know the partition: its owner only
    /// may write to it. It depends on the number of partitions, so that must stay as it is for as long as there are events.
    /// </summary>
    public static TopicPartition PartitionOf(string stream, int partitions) =>
        new(Topic, (int)(Murmur2(Encoding.UTF8.GetBytes(stream)) & 0x7fff_ffff) % partitions);

    /// <summary>Who owns a partition works under this name, and there can only be one.</summary>
    public static string TransactionalIdOf(TopicPartition partition) => $"{partition.Topic}-{partition.Partition.Value}";

    private static uint Murmur2(ReadOnlySpan<byte> key)
    {
        const uint M = 0x5bd1_e995;
        const int R = 24;

        var hash = 0x9747_b28c ^ (uint)key.Length;
        while (key.Length >= sizeof(uint))
        {
            var word = BinaryPrimitives.ReadUInt32LittleEndian(key) * M;
            hash = (hash * M) ^ ((word ^ (word >> R)) * M);
            key = key[sizeof(uint)..];
        }

        if (key.Length > 0)
        {
            for (var i = key.Length - 1; i >= 0; i--)
            {
                hash ^= (uint)key[i] << (8 * i);
            }

            hash *= M;
        }

        hash = (hash ^ (hash >> 13)) * M;
        return hash ^ (hash >> 15);
    }
}
