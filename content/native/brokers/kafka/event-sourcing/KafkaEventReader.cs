using System.Globalization;
using System.Runtime.CompilerServices;
using Acme._1.Messaging;
using Acme._1.Messaging.Kafka;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace Acme._1.EventStore;

/// <summary>
/// Reads events out of the topic, and keeps nothing. Kafka finds no key: to read one stream is to read its whole partition.
/// </summary>
internal sealed partial class KafkaEventReader(KafkaLogReader log, ILogger<KafkaEventReader> logger) : IEventReader
{
    public async IAsyncEnumerable<StoredEvent> ReadAsync(
        string stream, long fromVersion, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var partition = KafkaLog.PartitionOf(stream, log.Partitions.Count);
        var end = (await log.GetEndsAsync([partition], cancellationToken))[partition];
        await foreach (var record in log.ReadAsync(partition, from: 0, end, cancellationToken))
        {
            var headers = KafkaHeaders.Read(record.Message.Headers);
            if (EventMessage.TryReadPlace(headers, out var found, out var version) && found == stream && version >= fromVersion)
            {
                yield return EventMessage.Read(headers, record.Message.Value, string.Empty)!;
            }
        }
    }

    /// <remarks>One partition after the other. A position is the offset to go on with for each that was begun: <c>0:17,1:4</c>.</remarks>
    public async IAsyncEnumerable<StoredEvent> ReadAllAsync(string? afterPosition, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var position = Parse(afterPosition);
        var ends = await log.GetEndsAsync(log.Partitions, cancellationToken);
        foreach (var partition in log.Partitions)
        {
            var number = partition.Partition.Value;
            var from = position.GetValueOrDefault(number);
            if (from > ends[partition])
            {
                throw new UnreadableEventException($"the log {partition} ends before {from}: it is not the one that was read before");
            }

            await foreach (var record in log.ReadAsync(partition, from, ends[partition], cancellationToken))
            {
                position[number] = record.Offset.Value + 1;
                if (EventMessage.Read(KafkaHeaders.Read(record.Message.Headers), record.Message.Value, Format(position)) is { } stored)
                {
                    yield return stored;
                }
                else
                {
                    LogNoEvent(record.TopicPartitionOffset);
                }
            }
        }
    }

    private static string Format(SortedDictionary<int, long> position) =>
        string.Join(',', position.Select(entry => string.Create(CultureInfo.InvariantCulture, $"{entry.Key}:{entry.Value}")));

    private static SortedDictionary<int, long> Parse(string? position)
    {
        var parsed = new SortedDictionary<int, long>();
        foreach (var entry in position?.Split(',') ?? [])
        {
            var parts = entry.Split(':');
            parsed[int.Parse(parts[0], CultureInfo.InvariantCulture)] = long.Parse(parts[^1], CultureInfo.InvariantCulture);
        }

        return parsed;
    }

    [LoggerMessage(LogLevel.Warning, "The message at {Place} is no event, and is skipped")]
    private partial void LogNoEvent(TopicPartitionOffset place);
}
