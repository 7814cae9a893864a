using Confluent.Kafka;

namespace MqService.Harness.Faults.Hostile;

internal sealed class HostileKafka(IProducer<byte[]?, byte[]?> producer, string topic) : IHostileSender
{
    /// <summary>That of the topic, which the service creates with room for what its options allow and no more.</summary>
    public int MaxBody => 1_000_000;

    public static IHostileSender Connect(string broker, string topic) => new HostileKafka(
        new ProducerBuilder<byte[]?, byte[]?>(new ProducerConfig { BootstrapServers = broker, MessageMaxBytes = 100_000_000, BatchNumMessages = 1 }).Build(),
        topic);

    public async Task<bool> SendAsync(HostileMessage message)
    {
        var headers = new Headers();
        foreach (var (name, value) in message.Headers)
        {
            headers.Add(name, value is null ? null : HostileBytes.Of(value));
        }

        try
        {
            // An empty body is none: what compacted topics know as a tombstone.
            await producer.ProduceAsync(topic, new() { Key = message.Body, Value = message.Body is [] ? null : message.Body, Headers = headers });
            return true;
        }
        catch (ProduceException<byte[]?, byte[]?> exception) when (exception.Error.Code is ErrorCode.MsgSizeTooLarge)
        {
            return false;
        }
    }

    public ValueTask DisposeAsync()
    {
        producer.Dispose();
        return ValueTask.CompletedTask;
    }
}
