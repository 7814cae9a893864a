using Confluent.Kafka;

namespace Acme._1.Messaging.Kafka;

/// <summary>Sends records with an idempotent producer, and waits until every in-sync replica has them.</summary>
internal sealed class KafkaProducer(KafkaClients clients, KafkaConnection connection) : IDisposable
{
    private readonly Producer _producer = new(() => clients.CreateProducer(oneByOne: false));
    private readonly Producer _oneByOne = new(() => clients.CreateProducer(oneByOne: true));

    /// <summary>Connects. An idempotent producer takes half a second until it may send: the first message need not wait for that.</summary>
    public void Open() => _producer.Get();

    /// <summary>Returns once the brokers have confirmed the record.</summary>
    /// <exception cref="BrokerUnavailableException">They did not, for as long as <see cref="MessagingOptions.PublishTimeout"/>.</exception>
    public Task ProduceAsync(string topic, Message<byte[]?, byte[]?> message, CancellationToken cancellationToken) =>
        ProduceAsync(new TopicPartition(topic, Partition.Any), message, cancellationToken);

    /// <inheritdoc cref="ProduceAsync(string, Message{byte[], byte[]}, CancellationToken)"/>
    public async Task ProduceAsync(TopicPartition target, Message<byte[]?, byte[]?> message, CancellationToken cancellationToken)
    {
        try
        {
            // Sent to a topic that does not exist yet, it might be created with the broker's settings instead of ours.
            await connection.ReadyAsync(cancellationToken);
            try
            {
                await _producer.ProduceAsync(target, message, cancellationToken);
            }
            catch (KafkaException exception) when (exception.Error.Code is ErrorCode.MsgSizeTooLarge)
            {
                // It was refused with all that travelled with it, and may not be the one that is too large.
                await _oneByOne.ProduceAsync(target, message, cancellationToken);
            }
        }
        catch (OperationCanceledException exception) when (connection.Problem is { } problem)
        {
            throw new BrokerUnavailableException($"Kafka is not connected: {problem}", exception);
        }
        catch (KafkaException exception)
        {
            throw new BrokerUnavailableException($"Kafka did not take a message for {target.Topic}: {exception.Error.Reason}", exception);
        }
    }

    /// <summary>Whether it was refused for its size: to try again does not help.</summary>
    public static bool IsTooLarge(BrokerUnavailableException exception) =>
        exception.InnerException is KafkaException { Error.Code: ErrorCode.MsgSizeTooLarge };

    public void Dispose()
    {
        _producer.Dispose();
        _oneByOne.Dispose();
    }

    /// <summary>Created when it is first used. An idempotent producer that has lost count refuses all work from then on: the next message gets a new one.</summary>
    private sealed class Producer(Func<IProducer<byte[]?, byte[]?>> create) : IDisposable
    {
        private readonly Lock _gate = new();
        private IProducer<byte[]?, byte[]?>? _current;

        public IProducer<byte[]?, byte[]?> Get()
        {
            lock (_gate)
            {
                return _current ??= create();
            }
        }

        public async Task ProduceAsync(TopicPartition target, Message<byte[]?, byte[]?> message, CancellationToken cancellationToken)
        {
            var producer = Get();
            try
            {
                await producer.ProduceAsync(target, message, cancellationToken);
            }
            catch (KafkaException exception) when (exception.Error.IsFatal)
            {
                Abandon(producer);
                throw;
            }
        }

        public void Dispose() => _current?.Dispose();

        private void Abandon(IProducer<byte[]?, byte[]?> producer)
        {
            lock (_gate)
            {
                if (_current == producer)
                {
                    _current = null;
                    producer.Dispose();
                }
            }
        }
    }
}
