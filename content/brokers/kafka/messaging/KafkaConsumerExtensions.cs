using Confluent.Kafka;

namespace Acme._1.Messaging.Kafka;

internal static class KafkaConsumerExtensions
{
    /// <summary>
    /// Before it is told to read from there: a client that does not know the leader yet, or is not connected to it, looks again only
    /// after half a second or a whole one. This question it asks as soon as it can, and knows from then on.
    /// </summary>
    /// <exception cref="BrokerUnavailableException">No broker answered within the timeout.</exception>
    public static async Task FindLeaderAsync(
        this IConsumer<byte[]?, byte[]?> consumer, TopicPartition partition, TimeSpan timeout, CancellationToken cancellationToken)
    {
        try
        {
            await Task.Run(() => consumer.QueryWatermarkOffsets(partition, timeout), cancellationToken);
        }
        catch (KafkaException exception)
        {
            throw new BrokerUnavailableException($"Kafka did not answer: {exception.Error.Reason}", exception);
        }
    }
}
