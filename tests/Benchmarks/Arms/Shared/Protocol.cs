using System.Text.Json.Serialization;

namespace MqService.Benchmarks.Arms;

/// <summary>What an arm is told, one line of JSON on its standard input for each.</summary>
/// <param name="Kind">What to do.</param>
/// <param name="Number">Unique for each batch of messages: their ids begin with it.</param>
/// <param name="Count">How many messages.</param>
/// <param name="PayloadBytes">The length of a payload.</param>
/// <param name="HandlerMilliseconds">How long a handler takes.</param>
/// <param name="Rate">Messages a second, for <see cref="PhaseKind.Paced"/>.</param>
/// <param name="Consumers">How many consumers, each with its own connection, prefetch and concurrency.</param>
public sealed record Phase(PhaseKind Kind, int Number, int Count, int PayloadBytes, int HandlerMilliseconds, double Rate = 0, int Consumers = 1);

[JsonConverter(typeof(JsonStringEnumConverter<PhaseKind>))]
public enum PhaseKind
{
    /// <summary>Publish as fast as confirmations come, with nobody consuming.</summary>
    Publish,

    /// <summary>Consume what the publish phase with the same number left.</summary>
    Consume,

    /// <summary>Both at the same time.</summary>
    Through,

    /// <summary>Both at the same time, sending at a fixed rate whatever comes back.</summary>
    Paced,

    /// <summary>Consume what nothing should be left of.</summary>
    Rest,
}

/// <summary>What an arm answers, one line of JSON each.</summary>
/// <param name="Seconds">From the first message to the last.</param>
/// <param name="SecondHalfSeconds">Of that, from when half of them were handled: all consumers are at work by then. 0 if nothing was consumed.</param>
/// <param name="CpuSeconds">User and kernel time of the arm's process meanwhile.</param>
/// <param name="AllocatedBytes">What it allocated meanwhile.</param>
/// <param name="PeakBytes">The most resident memory it ever had.</param>
/// <param name="Lost">Confirmed and never handled.</param>
/// <param name="Doubled">Handled, and not for the first time or not of this batch.</param>
/// <param name="Latencies">Paced only: from the moment a message should have been sent until it was handled, in milliseconds.</param>
/// <param name="ResidentBytes">Consume only: resident memory at each tenth of the way.</param>
public sealed record PhaseResult(
    int Count,
    double Seconds,
    double SecondHalfSeconds,
    double CpuSeconds,
    long AllocatedBytes,
    long PeakBytes,
    int Lost,
    int Doubled,
    Latencies? Latencies,
    IReadOnlyList<long> ResidentBytes)
{
    [JsonIgnore]
    public double PerSecond => Count / Seconds;

    [JsonIgnore]
    public double PerSecondInSecondHalf => (Count - (Count / 2)) / SecondHalfSeconds;
}

public sealed record Latencies(double P50, double P99, double P999)
{
    /// <param name="milliseconds">Sorted here.</param>
    public static Latencies Of(double[] milliseconds)
    {
        Array.Sort(milliseconds);
        return new(At(0.5), At(0.99), At(0.999));

        double At(double share) => milliseconds[(int)Math.Ceiling(share * milliseconds.Length) - 1];
    }
}

/// <summary>The arm's first line: it is ready.</summary>
/// <param name="Client">The name and the version of the broker's client that it uses.</param>
public sealed record ArmReady(string Client);

[JsonSerializable(typeof(Phase))]
[JsonSerializable(typeof(PhaseResult))]
[JsonSerializable(typeof(ArmReady))]
public sealed partial class ProtocolJson : JsonSerializerContext;
