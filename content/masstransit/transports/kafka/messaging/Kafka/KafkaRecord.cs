using Confluent.Kafka;
using MassTransit;
using Headers = Confluent.Kafka.Headers;

namespace Acme._1.Messaging.Kafka;

/// <summary>
/// A record as it stands in its topic: what the rider is told to read. It hands on neither the bytes of the headers nor
/// two of the same name, and a copy of a failed message must have them all.
/// </summary>
internal sealed record KafkaRecord(Message<byte[]?, byte[]?> Message)
{
    public sealed class Deserializer : IDeserializer<KafkaRecord>
    {
        public KafkaRecord Deserialize(ReadOnlySpan<byte> data, bool isNull, SerializationContext context) =>
            new(new Message<byte[]?, byte[]?> { Value = data.ToArray(), Headers = context.Headers });
    }
}

internal static class KafkaRecordExtensions
{
    /// <summary>The record that the message came as.</summary>
    public static ConsumeResult<byte[]?, byte[]?> ToRecord(this ReceiveContext message)
    {
        var place = message.GetPayload<KafkaConsumeContext<byte[]>>();
        var record = message.GetPayload<KafkaRecord>().Message;
        return new()
        {
            Topic = place.Topic,
            Partition = place.Partition,
            Offset = place.Offset,
            Message = new()
            {
                Key = place.Key,
                Value = record.Value,
                Headers = record.Headers ?? [],
                Timestamp = new Timestamp(place.CheckpointUtcDateTime),
            },
        };
    }
}
