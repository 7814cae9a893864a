using System.Runtime.InteropServices;
using System.Text;
using Acme._1.Contracts;
using Confluent.Kafka;
using Microsoft.Extensions.Options;

namespace Acme._1.Messaging.Kafka;

/// <summary>Writes messages as records of their destination's topic.</summary>
internal sealed class KafkaTransport(KafkaProducer producer, IOptions<MessagingOptions> options) : ITransport
{
    public string System => "kafka";

    public async Task SendAsync(Destination destination, Envelope envelope, CancellationToken cancellationToken)
    {
        if (KeptTopics.Contains(destination.Name))
        {
            throw new InvalidOperationException($"{destination.Name} is a log of events: append to it through the event store.");
        }

        var message = new Message<byte[]?, byte[]?>
        {
            // What shares a key keeps its order and runs one after the other: the same message sent twice, here.
            Key = Encoding.UTF8.GetBytes(envelope.Id),
            Value = ToArray(envelope.Data),
            Headers = KafkaHeaders.Write(EnvelopeHeaders.Write(envelope)),
            Timestamp = new Timestamp(envelope.Time),
        };

        try
        {
            await producer.ProduceAsync(destination.Name, message, cancellationToken);
        }
        catch (BrokerUnavailableException exception) when (KafkaProducer.IsTooLarge(exception))
        {
            // Headers count, too: it is over the topic's limit although the payload is not over ours.
            throw new MessageTooLargeException(envelope.Data.Length, options.Value.MaxMessageBytes);
        }
    }

    private static byte[] ToArray(ReadOnlyMemory<byte> data) =>
        MemoryMarshal.TryGetArray(data, out var segment) && segment.Array is { } array && array.Length == data.Length ? array : data.ToArray();
}
