using Confluent.Kafka;

namespace Acme._1.Messaging.Kafka;

internal sealed partial class KafkaClients
{
    /// <summary>The broker gives up a transaction whose writer has gone; until then readers stop in front of it.</summary>
    private static readonly TimeSpan TransactionTimeout = TimeSpan.FromSeconds(10);

    /// <summary>A producer that writes in transactions. Whoever begins to work under this id puts an end to who did before.</summary>
    public IProducer<byte[]?, byte[]?> CreateTransactionalProducer(string transactionalId)
    {
        var config = ProducerSettings();
        config.TransactionalId = transactionalId;

        // The client insists on this order: a message, a request and a transaction may take longer in turn.
        var timeout = Math.Max((int)TransactionTimeout.TotalMilliseconds, config.MessageTimeoutMs!.Value);
        config.TransactionTimeoutMs = timeout;
        config.SocketTimeoutMs = timeout - 1_000;
        return CreateProducer(config);
    }

    /// <summary>A consumer that belongs to no group, for reading a partition from any place to its end.</summary>
    public IConsumer<byte[]?, byte[]?> CreateLogReader() => CreateConsumer(new ConsumerConfig(new Dictionary<string, string>(_common))
    {
        GroupId = NoGroup,
        EnableAutoCommit = false,
        EnableAutoOffsetStore = false,
        EnablePartitionEof = true,

        // A place that is not there is an error: to go on anywhere else would be to miss events.
        AutoOffsetReset = AutoOffsetReset.Error,

        // The broker holds back the news that there is nothing more for as long.
        FetchWaitMaxMs = 10,
    }).Build();
}
