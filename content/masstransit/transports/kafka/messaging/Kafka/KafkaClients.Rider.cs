using Confluent.Kafka;

namespace Acme._1.Messaging.Kafka;

internal sealed partial class KafkaClients
{
    /// <summary>
    /// What every client of the rider has. The settings of producers are among them, which consumers ignore: so there is no
    /// producer that confirms too early because somebody forgot to say.
    /// </summary>
    public ClientConfig RiderSettings() => new(new Dictionary<string, string>(ProducerSettings()));

    /// <param name="group">The consumer group.</param>
    /// <param name="consumers">How many of them there are in this process: they share the memory for what is fetched ahead.</param>
    public ConsumerConfig RiderConsumerSettings(string group, int consumers)
    {
        var settings = Limit(GroupMemberSettings(group));
        settings.QueuedMaxMessagesKbytes /= consumers;

        // To the rider a connection that breaks is the end of all its consumers; the client would connect again, and go on.
        settings.LogConnectionClose = false;

        settings.StatisticsIntervalMs = (int)RiderLivenessCheck.ReportInterval.TotalMilliseconds;

        // Of the settings of producers this one is also a consumer's, and must not exceed what that fetches.
        settings.MessageMaxBytes = settings.FetchMaxBytes;
        return settings;
    }
}
