using System.Globalization;
using Confluent.Kafka.Admin;

namespace Acme._1.Messaging.Kafka;

internal sealed partial class KafkaTopology
{
    /// <summary>
    /// Answers to whoever asked. One topic for all requesters, each of which reads one partition: a topic for each
    /// instance would have to be created whenever one starts, and would stay behind whenever one dies.
    /// </summary>
    public const string Replies = "acme-1.replies";

    /// <summary>Longer than any <see cref="RequestOptions.Timeout"/>: an answer that is older is an answer to nobody.</summary>
    private static readonly TimeSpan ReplyRetention = TimeSpan.FromMinutes(15);

    partial void AddReplies(List<TopicSpecification> topics)
    {
        var milliseconds = ReplyRetention.TotalMilliseconds.ToString(CultureInfo.InvariantCulture);
        var replies = SourceTopic(Replies);
        replies.Configs["retention.ms"] = milliseconds;

        // What is old is deleted by the segment, and the one being written stays: for a week, if nobody says less.
        replies.Configs["segment.ms"] = milliseconds;
        topics.Add(replies);
    }
}
