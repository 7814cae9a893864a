using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Acme._1.Messaging;
using Acme._1.Messaging.Kafka;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Microsoft.Extensions.Options;

namespace Acme._1.EventStore;

/// <summary>Reads pieces of the log. Takes part in no group, and changes nothing.</summary>
internal sealed class KafkaLogReader(
    KafkaClients clients, KafkaConnection connection, IAdminClient admin, KafkaTopology topology, IOptions<MessagingOptions> options)
    : IDisposable
{
    // Kept, because to connect takes longer than to read. There are as many as ever read at the same time.
    private readonly ConcurrentBag<IConsumer<byte[]?, byte[]?>> _idle = [];

    public IReadOnlyList<TopicPartition> Partitions { get; } = [.. topology.PartitionsOf(KafkaLog.Topic)];

    /// <summary>Where the partitions end: behind everything that was confirmed so far, and behind what is just being written.</summary>
    /// <exception cref="BrokerUnavailableException">No broker answered.</exception>
    public async Task<Dictionary<TopicPartition, long>> GetEndsAsync(IReadOnlyList<TopicPartition> partitions, CancellationToken cancellationToken)
    {
        connection.EnsureConnected();
        try
        {
            // Not where the transactions end that are over: a commit is confirmed a moment before it is noted in the partition.
            var found = await admin
                .ListOffsetsAsync(
                    partitions.Select(partition => new TopicPartitionOffsetSpec { TopicPartition = partition, OffsetSpec = OffsetSpec.Latest() }),
                    new ListOffsetsOptions { RequestTimeout = options.Value.PublishTimeout, IsolationLevel = IsolationLevel.ReadUncommitted })
                .WaitAsync(cancellationToken);
            var ends = found.ResultInfos.Select(info => info.TopicPartitionOffsetError).ToList();

            // What failed for one partition only is not thrown; its offset is no offset.
            return ends.Find(end => end.Error.IsError) is { } failed
                ? throw new KafkaException(failed.Error)
                : ends.ToDictionary(end => end.TopicPartition, end => end.Offset.Value);
        }
        catch (ListOffsetsException exception)
        {
            // The client goes on with the leader epochs that it knows (librdkafka #4620), unless it is told to ask for new ones.
            await Task.Run(() => admin.GetMetadata(KafkaLog.Topic, options.Value.PublishTimeout), cancellationToken);
            var reason = exception.Result.ResultInfos.Select(info => info.TopicPartitionOffsetError.Error).FirstOrDefault(error => error.IsError) ?? exception.Error;
            throw new BrokerUnavailableException($"Kafka does not say where the log ends: {reason.Reason}", exception);
        }
        catch (KafkaException exception)
        {
            throw new BrokerUnavailableException($"Kafka did not answer: {exception.Error.Reason}", exception);
        }
    }

    /// <summary>
    /// What is there from this place on, up to at least this end; of transactions only what was committed. One that is not
    /// over yet is waited for.
    /// </summary>
    /// <exception cref="UnreadableEventException">There is no such place.</exception>
    /// <exception cref="BrokerUnavailableException">Nothing came for as long as <see cref="MessagingOptions.PublishTimeout"/>.</exception>
    public async IAsyncEnumerable<ConsumeResult<byte[]?, byte[]?>> ReadAsync(
        TopicPartition partition, long from, long end, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (from >= end)
        {
            yield break;
        }

        connection.EnsureConnected();
        var isKnown = _idle.TryTake(out var consumer);
        consumer ??= clients.CreateLogReader();
        try
        {
            if (!isKnown)
            {
                await consumer.FindLeaderAsync(partition, options.Value.PublishTimeout, cancellationToken);
            }

            consumer.Assign(new TopicPartitionOffset(partition, from == 0 ? Offset.Beginning : from));
            var position = from;
            while (position < end)
            {
                // How transactions ended is noted in the partition as well, and is no record: only its end tells of these.
                var record = await NextAsync(consumer, cancellationToken);
                if (record.IsPartitionEOF)
                {
                    position = record.Offset.Value;
                }
                else
                {
                    position = record.Offset.Value + 1;
                    yield return record;
                }
            }
        }
        finally
        {
            consumer.Unassign();
            _idle.Add(consumer);
        }
    }

    public void Dispose()
    {
        while (_idle.TryTake(out var consumer))
        {
            consumer.Dispose();
        }
    }

    private async ValueTask<ConsumeResult<byte[]?, byte[]?>> NextAsync(IConsumer<byte[]?, byte[]?> consumer, CancellationToken cancellationToken)
    {
        try
        {
            // The client can only block; a thread is spent on that when nothing is at hand.
            return consumer.Consume(TimeSpan.Zero)
                ?? await Task.Run(() => consumer.Consume(options.Value.PublishTimeout), cancellationToken)
                ?? throw new BrokerUnavailableException(
                    $"Kafka did not answer within {options.Value.PublishTimeout}, or the append of a process that died has not been given up yet.");
        }
        catch (ConsumeException exception) when (exception.Error.Code is ErrorCode.Local_AutoOffsetReset or ErrorCode.OffsetOutOfRange)
        {
            throw new UnreadableEventException($"the log {KafkaLog.Topic} does not begin where it did: {exception.Error.Reason}", exception);
        }
        catch (ConsumeException exception)
        {
            throw new BrokerUnavailableException($"Kafka did not answer: {exception.Error.Reason}", exception);
        }
    }
}
