namespace MqService.Benchmarks;

/// <summary>What the messages are like.</summary>
public sealed record Scenario(int PayloadBytes, int HandlerMilliseconds)
{
    public static IReadOnlyList<Scenario> All { get; } = [new(100, 0), new(1024, 0), new(100, 5), new(1024, 5)];

    public static IReadOnlyList<Scenario> Quick { get; } = [new(100, 0), new(100, 5)];

    public override string ToString() => $"{Bytes(PayloadBytes)} {HandlerMilliseconds} ms";

    public static string Bytes(int bytes) => bytes % 1024 == 0 ? $"{bytes / 1024} KB" : $"{bytes} B";
}
