using System.Runtime.CompilerServices;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Microsoft.Extensions.Options;

namespace Acme._1.Messaging.Kafka;

/// <summary>
/// Works on the dead-letter topic by reading it from its beginning: a log has no other way in. A dead letter is there
/// until a record with the same key and no value follows it. The time a call takes grows with the length of the topic;
/// its memory holds the place of each dead letter, and the messages asked for.
/// </summary>
internal sealed class KafkaDeadLetterQueue(
    IAdminClient admin,
    KafkaTopology topology,
    KafkaTopicReader reader,
    KafkaProducer producer,
    KafkaQueues queues,
    IOptions<MessagingOptions> options)
    : IDeadLetterQueue
{
    public async Task<IReadOnlyList<DeadLetter>> ListAsync(int take, CancellationToken cancellationToken)
    {
        var letters = new List<DeadLetter>();
        var newest = (await IndexAsync(cancellationToken)).OrderByDescending(place => place.LastFailure).Take(take).ToHashSet();
        await foreach (var (place, record) in ReadAsync(newest, cancellationToken))
        {
            letters.Add(ToDeadLetter(place.Queue, record));
        }

        return [.. letters.OrderByDescending(letter => letter.LastFailure)];
    }

    public async Task<DeadLetter?> FindAsync(string messageId, CancellationToken cancellationToken) =>
        (await FindAllAsync(messageId, cancellationToken)).Select(found => found.Letter).MaxBy(letter => letter.LastFailure);

    public async Task<bool> ReplayAsync(string messageId, CancellationToken cancellationToken)
    {
        var found = await FindAllAsync(messageId, cancellationToken);
        foreach (var (letter, record) in found)
        {
            await ReplayAsync(letter, record, cancellationToken);
        }

        return found.Count > 0;
    }

    public async Task<int> ReplayAllAsync(CancellationToken cancellationToken)
    {
        var replayed = 0;
        await foreach (var (place, record) in ReadAsync(await IndexAsync(cancellationToken), cancellationToken))
        {
            var letter = ToDeadLetter(place.Queue, record);
            if (!letter.Headers.ContainsKey(KafkaHeaders.PayloadLeftAt))
            {
                await ReplayAsync(letter, record, cancellationToken);
                replayed++;
            }
        }

        return replayed;
    }

    public async Task<bool> DiscardAsync(string messageId, CancellationToken cancellationToken)
    {
        var found = await FindAllAsync(messageId, cancellationToken);
        foreach (var (letter, record) in found)
        {
            await RemoveAsync(letter.Queue, record.Message.Key, cancellationToken);
        }

        return found.Count > 0;
    }

    public async Task<IReadOnlyList<QueueFigures>> GetQueuesAsync(CancellationToken cancellationToken)
    {
        var deadLetters = await IndexAsync(cancellationToken);
        try
        {
            var figures = new List<QueueFigures>();
            foreach (var (queue, topics) in queues.All)
            {
                var waiting = topics.SelectMany(topology.PartitionsOf).ToList();
                var retrying = topology.RetryTopics(queue).SelectMany(topology.PartitionsOf).ToList();
                var lag = await GetLagAsync(queue, [.. waiting, .. retrying], cancellationToken);
                figures.Add(new(
                    queue,
                    waiting.Sum(partition => lag[partition]),
                    queues.InFlight(),
                    retrying.Sum(partition => lag[partition]),
                    deadLetters.Count(place => place.Queue == queue)));
            }

            return figures;
        }
        catch (KafkaException exception)
        {
            throw new BrokerUnavailableException($"Kafka did not answer: {exception.Error.Reason}", exception);
        }
    }

    /// <summary>How many messages of each partition the group has not committed.</summary>
    private async Task<Dictionary<TopicPartition, long>> GetLagAsync(string queue, List<TopicPartition> partitions, CancellationToken cancellationToken)
    {
        var committed = (await admin
                .ListConsumerGroupOffsetsAsync(
                    [new ConsumerGroupTopicPartitions(queue, partitions)],
                    new ListConsumerGroupOffsetsOptions { RequestTimeout = options.Value.PublishTimeout })
                .WaitAsync(cancellationToken))
            .Single().Partitions.ToDictionary(partition => partition.TopicPartition, partition => partition.Offset.Value);
        var first = await GetOffsetsAsync(OffsetSpec.Earliest());
        var end = await GetOffsetsAsync(OffsetSpec.Latest());

        // What was never committed, or was deleted since, counts from the first message that is still there.
        return partitions.ToDictionary(
            partition => partition,
            partition => end[partition] - Math.Max(first[partition], committed.GetValueOrDefault(partition)));

        async Task<Dictionary<TopicPartition, long>> GetOffsetsAsync(OffsetSpec which)
        {
            try
            {
                var found = await admin
                    .ListOffsetsAsync(
                        partitions.Select(partition => new TopicPartitionOffsetSpec { TopicPartition = partition, OffsetSpec = which }),
                        new ListOffsetsOptions { RequestTimeout = options.Value.PublishTimeout })
                    .WaitAsync(cancellationToken);
                return found.ResultInfos.ToDictionary(
                    info => info.TopicPartitionOffsetError.TopicPartition, info => info.TopicPartitionOffsetError.Offset.Value);
            }
            catch (ListOffsetsException)
            {
                // The client goes on with the leader epochs that it knows (librdkafka #4620), unless it is told to ask for new
                // ones: whoever asks again is answered.
                await Task.Run(() => admin.GetMetadata(options.Value.PublishTimeout), cancellationToken);
                throw;
            }
        }
    }

    /// <summary>Where the dead letters are.</summary>
    private async Task<HashSet<Place>> IndexAsync(CancellationToken cancellationToken)
    {
        var places = new HashSet<Place>();
        foreach (var (queue, _) in queues.All)
        {
            var live = new Dictionary<string, Place>();
            await foreach (var record in reader.ReadAsync(KafkaTopology.DeadLetterTopic(queue), cancellationToken))
            {
                var key = Convert.ToBase64String(record.Message.Key ?? []);
                if (record.Message.Value is null)
                {
                    live.Remove(key);
                }
                else
                {
                    live[key] = new(queue, record.Offset.Value, FailuresOf(KafkaHeaders.Read(record.Message.Headers)).Last);
                }
            }

            places.UnionWith(live.Values);
        }

        return places;
    }

    private async IAsyncEnumerable<(Place Place, ConsumeResult<byte[]?, byte[]?> Record)> ReadAsync(
        HashSet<Place> places, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var inQueue in places.GroupBy(place => place.Queue))
        {
            var byOffset = inQueue.ToDictionary(place => place.Offset);
            await foreach (var record in reader.ReadAsync(KafkaTopology.DeadLetterTopic(inQueue.Key), cancellationToken))
            {
                if (byOffset.Remove(record.Offset.Value, out var place))
                {
                    yield return (place, record);
                }

                if (byOffset.Count == 0)
                {
                    break;
                }
            }
        }
    }

    private async Task<List<(DeadLetter Letter, ConsumeResult<byte[]?, byte[]?> Record)>> FindAllAsync(string messageId, CancellationToken cancellationToken)
    {
        var found = new List<(DeadLetter, ConsumeResult<byte[]?, byte[]?>)>();
        foreach (var (queue, _) in queues.All)
        {
            var live = new Dictionary<string, (DeadLetter, ConsumeResult<byte[]?, byte[]?>)>();
            await foreach (var record in reader.ReadAsync(KafkaTopology.DeadLetterTopic(queue), cancellationToken))
            {
                var key = Convert.ToBase64String(record.Message.Key ?? []);
                live.Remove(key);
                if (record.Message.Value is not null && ToDeadLetter(queue, record) is var letter && letter.MessageId == messageId)
                {
                    live[key] = (letter, record);
                }
            }

            found.AddRange(live.Values);
        }

        return found;
    }

    private async Task ReplayAsync(DeadLetter letter, ConsumeResult<byte[]?, byte[]?> record, CancellationToken cancellationToken)
    {
        if (letter.Headers.TryGetValue(KafkaHeaders.PayloadLeftAt, out var place))
        {
            throw new BrokerUnavailableException($"{letter.MessageId} was too large to be copied here, and cannot be replayed from {place}.");
        }

        record.Message.Headers.TryGetLastBytes(KafkaHeaders.OriginalKey, out var key);
        var copy = new Message<byte[]?, byte[]?>
        {
            Key = key,
            Value = record.Message.Value,
            Headers = KafkaHeaders.ForReplay(record.Message.Headers, FailuresOf(letter.Headers).Replayed()),
        };

        await producer.ProduceAsync(letter.Queue, copy, cancellationToken);
        await RemoveAsync(letter.Queue, record.Message.Key, cancellationToken);
    }

    private Task RemoveAsync(string queue, byte[]? key, CancellationToken cancellationToken) =>
        producer.ProduceAsync(KafkaTopology.DeadLetterTopic(queue), new Message<byte[]?, byte[]?> { Key = key, Value = null }, cancellationToken);

    private static FailureHistory FailuresOf(IReadOnlyDictionary<string, string> headers) =>
        FailureHistory.Read(headers) ?? FailureHistory.After(before: null, "unknown: put here by hand", DateTimeOffset.UnixEpoch);

    private static DeadLetter ToDeadLetter(string queue, ConsumeResult<byte[]?, byte[]?> record)
    {
        var headers = KafkaHeaders.Read(record.Message.Headers);
        var failures = FailuresOf(headers);
        return new(
            KafkaHeaders.IdOf(headers) ?? string.Empty,
            KafkaHeaders.TypeOf(headers),
            queue,
            failures.Reason,
            failures.Attempts,
            failures.Replays,
            failures.First,
            failures.Last,
            headers,
            record.Message.Value);
    }

    private readonly record struct Place(string Queue, long Offset, DateTimeOffset LastFailure);
}
