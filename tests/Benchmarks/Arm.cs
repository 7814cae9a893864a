namespace MqService.Benchmarks;

/// <summary>A competitor: a program under Arms/ that sends and receives orders in its own way.</summary>
/// <param name="Name">What it is called on the command line and in the tables.</param>
/// <param name="Project">Its folder and project under Arms/.</param>
/// <param name="Library">The library of the service that is generated for it; null if it needs none.</param>
/// <param name="Brokers">Those that it can do.</param>
public sealed record Arm(string Name, string Project, string? Library, IReadOnlyList<string> Brokers)
{
    public static Arm Raw { get; } = new("raw", "Raw", null, ["rabbitmq", "nats", "redis", "kafka"]);

    /// <summary>The same, and its messages have the attributes in their headers that the generated service's have. It shows what those cost.</summary>
    public static Arm RawWithHeaders { get; } = Raw with { Name = "raw-headers" };

    public static Arm Native { get; } = new("native", "GeneratedNative", "native", ["rabbitmq", "nats", "redis", "kafka"]);

    public static Arm GeneratedMassTransit { get; } = new("masstransit", "GeneratedMassTransit", "masstransit", ["rabbitmq", "kafka"]);

    public static Arm PlainMassTransit { get; } = new("plain-masstransit", "PlainMassTransit", null, ["rabbitmq", "kafka"]);

    public static Arm Wolverine { get; } = new("wolverine", "PlainWolverine", null, ["rabbitmq", "kafka"]);

    public static IReadOnlyList<Arm> All { get; } = [Raw, RawWithHeaders, Native, GeneratedMassTransit, PlainMassTransit, Wolverine];

    /// <summary>Those of the growth suite.</summary>
    public static IReadOnlyList<Arm> Growing { get; } = [Raw, Native];

    /// <summary>The ratios that are printed: each arm beside the one that it is to keep up with.</summary>
    public static IReadOnlyList<(string Name, Arm Arm, Arm Beside)> Ratios { get; } =
    [
        ("generated/raw", Native, Raw),
        ("masstransit/plain", GeneratedMassTransit, PlainMassTransit),
        ("generated/raw-headers", Native, RawWithHeaders),
        ("generated/masstransit", Native, PlainMassTransit),
        ("generated/wolverine", Native, Wolverine),
    ];
}
