using System.Globalization;
using Acme._1.Contracts;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Microsoft.Extensions.Options;

namespace Acme._1.Messaging.Kafka;

/// <summary>The topics, created by whoever connects first, and compared with the settings by everyone.</summary>
internal sealed partial class KafkaTopology(
    KafkaQueues queues, IOptions<KafkaOptions> kafka, IOptions<MessagingOptions> messaging, IOptions<RetryOptions> retry)
{
    private const int RoomForHeaders = 128 * 1024;
    private const string Forever = "-1";

    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    /// <summary>What a topic for messages takes at least. Kafka's limit is on payload, key and headers together.</summary>
    public static int MaxRecordBytes(MessagingOptions options) => options.MaxMessageBytes + RoomForHeaders;

    /// <summary>What a topic for their copies takes: they carry more headers than the original, and must fit where that did.</summary>
    public static int MaxCopyBytes(MessagingOptions options) => MaxRecordBytes(options) + RoomForHeaders;

    public static string DeadLetterTopic(string queue) => $"{queue}.dlq";

    /// <summary>Which message each partition's consumer started with, and how often: see <see cref="KafkaStarts"/>.</summary>
    public static string StartsTopic(string queue) => $"{queue}.starts";

    public static string RetryTopic(string queue, int round) => $"{queue}.retry.{round}";

    public IEnumerable<string> RetryTopics(string queue) =>
        Enumerable.Range(1, retry.Value.MaxAttempts - 1).Select(round => RetryTopic(queue, round));

    public IEnumerable<TopicPartition> PartitionsOf(string topic) =>
        Enumerable.Range(0, kafka.Value.Partitions).Select(partition => new TopicPartition(topic, partition));

    /// <exception cref="InvalidOperationException">A topic exists with other settings. The message names it, the setting and the fix.</exception>
    /// <exception cref="KafkaException">No broker answered, or the topics could not be created (yet).</exception>
    public async Task DeclareAsync(IAdminClient admin, CancellationToken cancellationToken)
    {
        var topics = AllTopics();
        Error? refused = null;
        try
        {
            await admin.CreateTopicsAsync(topics, new CreateTopicsOptions { RequestTimeout = Timeout, OperationTimeout = Timeout }).WaitAsync(cancellationToken);
        }
        catch (CreateTopicsException exception)
        {
            // Whoever may not create topics may still use those that others have created.
            refused = exception.Results.FirstOrDefault(result => result.Error.IsError && result.Error.Code is not ErrorCode.TopicAlreadyExists)?.Error;
        }

        try
        {
            await VerifyAsync(admin, topics, cancellationToken);
        }
        catch (DescribeTopicsException) when (refused is not null)
        {
            throw new KafkaException(new Error(refused.Code, refused.Code is ErrorCode.InvalidReplicationFactor
                ? $"{refused.Reason} Set {KafkaOptions.Section}:{nameof(KafkaOptions.ReplicationFactor)} to what the cluster can do."
                : $"The topics could not be created: {refused.Reason}"));
        }
    }

    private List<TopicSpecification> AllTopics()
    {
        var destinations = MessageTypes.All.Select(type => type.Destination).Distinct().ToList();
        var topics = destinations.Where(destination => destination.Kind is DestinationKind.Topic).Select(destination => destination.Name);

        // A subscriber's topics are created by the subscriber: nobody else knows of it.
        var queueNames = destinations.Where(destination => destination.Kind is DestinationKind.Queue).Select(destination => destination.Name)
            .Union(queues.All.Select(queue => queue.Name));

        List<TopicSpecification> all = [.. topics.Select(EventTopic), .. queueNames.SelectMany(QueueTopics)];
        AddReplies(all);
        return all;
    }

    /// <summary>Adds the topic for answers, where there are requests.</summary>
    partial void AddReplies(List<TopicSpecification> topics);

    private IEnumerable<TopicSpecification> QueueTopics(string queue)
    {
        // Of a subscriber it holds what was replayed, and no more: the topic it is subscribed to belongs to the others as well.
        yield return SourceTopic(queue);

        // A topic for each round: what waits in one waits about equally long, so nothing waits behind a longer delay.
        foreach (var retryTopic in RetryTopics(queue))
        {
            yield return Topic(retryTopic, kafka.Value.Partitions, "delete", MaxCopyBytes(messaging.Value));
        }

        // Kafka removes no single record, but of a compacted topic it keeps only the last of each key: a dead letter
        // stays for as long as it takes, until a record without a value says that it was replayed or discarded.
        yield return Topic(DeadLetterTopic(queue), partitions: 1, "compact", MaxCopyBytes(messaging.Value));
        yield return Topic(StartsTopic(queue), partitions: 1, "compact", MaxRecordBytes(messaging.Value));
    }

    private TopicSpecification EventTopic(string name)
    {
        var topic = SourceTopic(name);
        if (KeptTopics.Contains(name))
        {
            // Neither by age nor by size, whatever the cluster does with others. Nor compacted: that keeps the last of a key.
            topic.Configs["retention.ms"] = Forever;
            topic.Configs["retention.bytes"] = Forever;
        }

        return topic;
    }

    private TopicSpecification SourceTopic(string name) => Topic(name, kafka.Value.Partitions, "delete", MaxRecordBytes(messaging.Value));

    private TopicSpecification Topic(string name, int partitions, string cleanupPolicy, int maxMessageBytes) => new()
    {
        Name = name,
        NumPartitions = partitions,
        ReplicationFactor = kafka.Value.ReplicationFactor,
        Configs = new()
        {
            ["cleanup.policy"] = cleanupPolicy,
            ["max.message.bytes"] = maxMessageBytes.ToString(CultureInfo.InvariantCulture),
        },
    };

    private async Task VerifyAsync(IAdminClient admin, List<TopicSpecification> topics, CancellationToken cancellationToken)
    {
        var described = await admin
            .DescribeTopicsAsync(TopicCollection.OfTopicNames(topics.Select(topic => topic.Name)), new DescribeTopicsOptions { RequestTimeout = Timeout })
            .WaitAsync(cancellationToken);
        var configs = await admin
            .DescribeConfigsAsync(
                topics.Select(topic => new ConfigResource { Type = ResourceType.Topic, Name = topic.Name }), new DescribeConfigsOptions { RequestTimeout = Timeout })
            .WaitAsync(cancellationToken);

        foreach (var topic in topics)
        {
            var found = described.TopicDescriptions.Single(description => description.Name == topic.Name);
            if (found.Partitions.Count != topic.NumPartitions)
            {
                throw Misfit(topic, "partitions", found.Partitions.Count, topic.NumPartitions, topic.Configs["cleanup.policy"] is "compact"
                    ? "Delete the topic when it is empty, and start this service again."
                    : KeptTopics.Contains(topic.Name)
                    ? $"Set {KafkaOptions.Section}:{nameof(KafkaOptions.Partitions)} to {found.Partitions.Count}; adding partitions would tear streams of events apart."
                    : $"Set {KafkaOptions.Section}:{nameof(KafkaOptions.Partitions)} to {found.Partitions.Count}, or add partitions to the topics (kafka-topics.sh --alter).");
            }

            if (found.Partitions.Min(partition => partition.Replicas.Count) is var replicas && replicas < topic.ReplicationFactor)
            {
                throw Misfit(topic, "replication factor", replicas, topic.ReplicationFactor,
                    $"Set {KafkaOptions.Section}:{nameof(KafkaOptions.ReplicationFactor)} to {replicas}, or add replicas (kafka-reassign-partitions.sh).");
            }

            var settings = configs.Single(config => config.ConfigResource.Name == topic.Name).Entries;
            if (settings["cleanup.policy"].Value is var policy && policy != topic.Configs["cleanup.policy"])
            {
                throw Misfit(topic, "cleanup.policy", policy, topic.Configs["cleanup.policy"], "Change it (kafka-configs.sh --alter) before messages are lost by it.");
            }

            foreach (var name in new[] { "retention.ms", "retention.bytes" })
            {
                if (KeptTopics.Contains(topic.Name) && settings[name].Value is var limit && limit != Forever)
                {
                    throw Misfit(topic, name, limit, Forever, "Change it (kafka-configs.sh --alter) before events are deleted by it.");
                }
            }

            if (MaxMessageBytes(topic.Name) is var bytes && bytes < long.Parse(topic.Configs["max.message.bytes"], CultureInfo.InvariantCulture))
            {
                throw Misfit(topic, "max.message.bytes", bytes, topic.Configs["max.message.bytes"],
                    $"Raise it (kafka-configs.sh --alter), or lower {MessagingOptions.Section}:{nameof(MessagingOptions.MaxMessageBytes)}.");
            }
        }

        // A message that could be received and not be copied would stay for ever, and the partition with it.
        foreach (var (queue, sources) in queues.All)
        {
            var source = sources.MaxBy(MaxMessageBytes)!;
            var needed = MaxMessageBytes(source) + RoomForHeaders;
            foreach (var copies in topics.Where(topic => topic.Name == DeadLetterTopic(queue) || RetryTopics(queue).Contains(topic.Name)))
            {
                if (MaxMessageBytes(copies.Name) is var bytes && bytes < needed)
                {
                    throw Misfit(copies, "max.message.bytes", bytes, needed, $"Raise it (kafka-configs.sh --alter), or lower that of {source}.");
                }
            }
        }

        long MaxMessageBytes(string topic) => long.Parse(
            configs.Single(config => config.ConfigResource.Name == topic).Entries["max.message.bytes"].Value, CultureInfo.InvariantCulture);
    }

    private static InvalidOperationException Misfit(TopicSpecification topic, string setting, object found, object expected, string fix) =>
        new($"Kafka has a topic of ours with other settings: the {setting} of {topic.Name} is {found} and should be {expected}. {fix}");
}
