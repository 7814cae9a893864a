using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace Acme._1.Messaging.Kafka;

/// <summary>
/// The retry topics of one queue, as a member of its consumer group. A partition is paused until its first message is
/// due, which is about when the others are: each round has a topic of its own. Everything happens on one thread.
/// </summary>
internal sealed partial class KafkaRetryTopics(
    string queue,
    KafkaClients clients,
    KafkaTopology topology,
    KafkaProducer producer,
    KafkaCopies copies,
    TimeProvider clock,
    ILogger logger)
{
    private static readonly TimeSpan PollTimeout = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan CommitInterval = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan DelayAfterFailure = TimeSpan.FromSeconds(1);

    /// <summary>The message at the head of each paused partition, and when it is due.</summary>
    private readonly Dictionary<TopicPartition, (ConsumeResult<byte[]?, byte[]?> Record, DateTimeOffset Due)> _waiting = [];

    /// <summary>What was forwarded and is not committed yet.</summary>
    private readonly Dictionary<TopicPartition, Offset> _forwarded = [];

    private DateTimeOffset _lastCommit;

    private DateTimeOffset Now => clock.GetUtcNow();

    /// <summary>Forwards until the process stops; blocks the thread.</summary>
    public void Run(CancellationToken stopping)
    {
        using var consumer = clients.CreateGroupMember(queue)
            .SetPartitionsRevokedHandler((member, partitions) =>
            {
                Commit(member);
                Forget(member, partitions);
            })
            .SetPartitionsLostHandler(Forget)
            .Build();
        try
        {
            consumer.Subscribe(topology.RetryTopics(queue));
            while (!stopping.IsCancellationRequested)
            {
                Step(consumer, stopping);
            }
        }
        finally
        {
            consumer.Close();
        }
    }

    private void Step(IConsumer<byte[]?, byte[]?> consumer, CancellationToken stopping)
    {
        foreach (var (partition, waiting) in _waiting.Where(waiting => waiting.Value.Due <= Now).ToList())
        {
            _waiting.Remove(partition);
            consumer.Resume([partition]);
            Take(consumer, waiting.Record, waiting.Due, stopping);
        }

        if (_forwarded.Count > 0 && Now - _lastCommit > CommitInterval)
        {
            Commit(consumer);
        }

        try
        {
            if (consumer.Consume(PollTimeout) is { IsPartitionEOF: false } record)
            {
                Take(consumer, record, KafkaHeaders.ReadDue(record.Message.Headers) ?? DateTimeOffset.MinValue, stopping);
            }
        }
        catch (ConsumeException exception) when (!exception.Error.IsFatal)
        {
            LogProblem(queue, exception.Error.Reason);
        }
    }

    private void Take(IConsumer<byte[]?, byte[]?> consumer, ConsumeResult<byte[]?, byte[]?> record, DateTimeOffset due, CancellationToken stopping)
    {
        if (due <= Now)
        {
            try
            {
                MoveAsync(record, stopping).GetAwaiter().GetResult();
                _forwarded[record.TopicPartition] = record.Offset + 1;
                return;
            }
            catch (BrokerUnavailableException exception)
            {
                LogProblem(queue, exception.Message);
                due = Now + DelayAfterFailure;
            }
        }

        _waiting[record.TopicPartition] = (record, due);
        consumer.Pause([record.TopicPartition]);
    }

    private async Task MoveAsync(ConsumeResult<byte[]?, byte[]?> record, CancellationToken stopping)
    {
        var copy = new Message<byte[]?, byte[]?> { Key = record.Message.Key, Value = record.Message.Value, Headers = record.Message.Headers };
        try
        {
            await producer.ProduceAsync(queue, copy, stopping);
        }
        catch (BrokerUnavailableException exception) when (KafkaProducer.IsTooLarge(exception))
        {
            // With what was noted about its failure it does not fit any more where it came from.
            var failures = FailureHistory.Read(KafkaHeaders.Read(record.Message.Headers)) ?? FailureHistory.After(before: null, exception.Message, Now);
            await copies.DeadLetterAsync(queue, record, failures, stopping);
        }
    }

    private void Commit(IConsumer<byte[]?, byte[]?> consumer)
    {
        _lastCommit = Now;
        try
        {
            consumer.Commit(_forwarded.Select(partition => new TopicPartitionOffset(partition.Key, partition.Value)));
            _forwarded.Clear();
        }
        catch (KafkaException exception)
        {
            // Nothing is lost: it is committed later, or the messages are forwarded again and told by the inbox.
            LogProblem(queue, exception.Error.Reason);
        }
    }

    private void Forget(IConsumer<byte[]?, byte[]?> consumer, List<TopicPartitionOffset> partitions)
    {
        foreach (var partition in partitions)
        {
            if (_waiting.Remove(partition.TopicPartition))
            {
                // Or the client remembers that it is paused, and fetches nothing when the partition comes back to this process.
                consumer.Resume([partition.TopicPartition]);
            }

            _forwarded.Remove(partition.TopicPartition);
        }
    }

    [LoggerMessage(LogLevel.Warning, "Retries of {Queue}: {Reason}")]
    private partial void LogProblem(string queue, string reason);
}
