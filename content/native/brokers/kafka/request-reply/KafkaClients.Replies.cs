using Confluent.Kafka;

namespace Acme._1.Messaging.Kafka;

internal sealed partial class KafkaClients
{
    /// <summary>A consumer that belongs to no group, for reading answers as they come.</summary>
    public IConsumer<byte[]?, byte[]?> CreateReplyReader() => CreateConsumer(new ConsumerConfig(new Dictionary<string, string>(_common))
    {
        GroupId = NoGroup,
        EnableAutoCommit = false,
        EnableAutoOffsetStore = false,

        // Only if our place in the topic is gone, and the topic was made anew: then what is in it came after our requests.
        AutoOffsetReset = AutoOffsetReset.Earliest,
    }).Build();
}
