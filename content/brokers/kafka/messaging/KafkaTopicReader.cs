using System.Runtime.CompilerServices;
using Confluent.Kafka;
using Microsoft.Extensions.Options;

namespace Acme._1.Messaging.Kafka;

/// <summary>Reads a topic of one partition from its beginning to where it ends now. Takes part in no group, and changes nothing.</summary>
internal sealed class KafkaTopicReader(KafkaClients clients, KafkaConnection connection, IOptions<MessagingOptions> options) : IDisposable
{
    private readonly SemaphoreSlim _alone = new(1);

    // Kept, because to connect takes longer than to read.
    private IConsumer<byte[]?, byte[]?>? _consumer;

    /// <exception cref="BrokerUnavailableException">No broker answered for as long as <see cref="MessagingOptions.PublishTimeout"/>.</exception>
    public async IAsyncEnumerable<ConsumeResult<byte[]?, byte[]?>> ReadAsync(string topic, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        connection.EnsureConnected();
        await _alone.WaitAsync(cancellationToken);
        var consumer = _consumer ??= clients.CreateReader();
        try
        {
            var partition = new TopicPartition(topic, 0);
            await consumer.FindLeaderAsync(partition, options.Value.PublishTimeout, cancellationToken);
            consumer.Assign(new TopicPartitionOffset(partition, Offset.Beginning));
            while (await NextAsync(consumer, cancellationToken) is { IsPartitionEOF: false } record)
            {
                yield return record;
            }
        }
        finally
        {
            consumer.Unassign();
            _alone.Release();
        }
    }

    public void Dispose()
    {
        _consumer?.Dispose();
        _alone.Dispose();
    }

    private async ValueTask<ConsumeResult<byte[]?, byte[]?>> NextAsync(IConsumer<byte[]?, byte[]?> consumer, CancellationToken cancellationToken)
    {
        try
        {
            // The client can only block; a thread is spent on that when nothing is at hand.
            return consumer.Consume(TimeSpan.Zero)
                ?? await Task.Run(() => consumer.Consume(options.Value.PublishTimeout), cancellationToken)
                ?? throw new BrokerUnavailableException($"Kafka did not answer within {options.Value.PublishTimeout}.");
        }
        catch (ConsumeException exception)
        {
            throw new BrokerUnavailableException($"Kafka did not answer: {exception.Error.Reason}", exception);
        }
    }
}
