using System.ComponentModel.DataAnnotations;

namespace Acme._1.Messaging.Kafka;

/// <summary>
/// How topics are created. Configuration section <c>Messaging:Kafka</c>. Its sub-section <c>Client</c> sets any property
/// of Confluent.Kafka's <c>ClientConfig</c> by name: <c>SecurityProtocol</c>, <c>SaslMechanism</c>, <c>SslCaLocation</c>, …
/// </summary>
public sealed class KafkaOptions
{
    public const string Section = "Messaging:Kafka";

    /// <summary>Partitions of each queue and each of its retry topics: no more processes than this share the work.</summary>
    [Range(1, 10_000)]
    public int Partitions { get; init; } = 6;

    /// <summary>Copies of each partition; -1 takes the cluster's <c>default.replication.factor</c>.</summary>
    [Range(-1, 100)]
    public short ReplicationFactor { get; init; } = -1;
}
