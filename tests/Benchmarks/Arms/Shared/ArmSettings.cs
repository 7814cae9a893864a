using System.Globalization;

namespace MqService.Benchmarks.Arms;

/// <summary>What the arms that are no generated services read from the same environment variables as those.</summary>
internal sealed record ArmSettings(string ConnectionString, int Prefetch, int Concurrency, int Partitions)
{
    public static ArmSettings FromEnvironment() => new(
        Read("ConnectionStrings__broker"),
        Number("Messaging__Prefetch"),
        Number("Messaging__Concurrency"),
        Number("Messaging__Kafka__Partitions"));

    public static string Broker => Read("MQ_BROKER");

    /// <summary>Whether messages have headers beyond what the arm itself needs.</summary>
    public static bool HasHeaders { get; } = Environment.GetEnvironmentVariable("MQ_HEADERS") is not null;

    private static int Number(string name) => int.Parse(Read(name), CultureInfo.InvariantCulture);

    private static string Read(string name) =>
        Environment.GetEnvironmentVariable(name) ?? throw new InvalidOperationException($"{name} is not set: the benchmark starts this program.");
}
