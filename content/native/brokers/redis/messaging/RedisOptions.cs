using System.ComponentModel.DataAnnotations;

namespace Acme._1.Messaging.Redis;

/// <summary>What only Redis has to be told. Configuration section <c>Messaging:Redis</c>.</summary>
internal sealed class RedisOptions
{
    public const string Section = "Messaging:Redis";

    /// <summary>
    /// A message whose consumer was silent for so long is given to another one. A handler may take longer: its consumer
    /// renews the claim three times in this span. Too short, and a pause of the process makes messages be handled twice.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan AckTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How many replicas must have a message before it is confirmed. 0 is faster, and a failover can lose what was confirmed.
    /// </summary>
    [Range(0, 10)]
    public int Replicas { get; init; }
}
