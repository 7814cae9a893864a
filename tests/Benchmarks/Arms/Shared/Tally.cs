using System.Diagnostics;
using System.Globalization;

namespace MqService.Benchmarks.Arms;

/// <summary>The handler of every arm: takes as long as it is told to, and counts each message of one phase.</summary>
public sealed class Tally
{
    private const char GreetingMark = 'g';

    private readonly Phase phase;
    private readonly string prefix;
    private readonly byte[] seen;
    private readonly double[]? latencies;
    private readonly long[] residentBytes = new long[10];
    private readonly TaskCompletionSource done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int greetings;
    private int handled;
    private int doubled;
    private long firstAt;
    private long halfAt;
    private long lastAt;
    private ProcessFigures first;
    private ProcessFigures last;

    public Tally(Phase phase)
    {
        this.phase = phase;
        prefix = $"{phase.Number}-";
        seen = new byte[phase.Count];
        latencies = phase.Kind is PhaseKind.Paced ? new double[phase.Count] : null;
    }

    /// <summary>Completes when every message has been handled once.</summary>
    public Task Done => done.Task;

    /// <summary>Completes when as many greetings have been handled as there are consumers: they are connected by then.</summary>
    public Task Ready => ready.Task;

    public int Lost => phase.Count - Volatile.Read(ref handled);

    public int Doubled => Volatile.Read(ref doubled);

    public double Seconds => Stopwatch.GetElapsedTime(firstAt, lastAt).TotalSeconds;

    public double SecondHalfSeconds => Stopwatch.GetElapsedTime(halfAt, lastAt).TotalSeconds;

    internal ProcessFigures Used => new(last.Cpu - first.Cpu, last.Allocated - first.Allocated);

    public Latencies? Latencies => latencies is null ? null : Arms.Latencies.Of(latencies);

    public IReadOnlyList<long> ResidentBytes => residentBytes;

    public static string OrderId(Phase phase, int index) => string.Create(CultureInfo.InvariantCulture, $"{phase.Number}-{index:D8}");

    /// <summary>The id of a message that is sent ahead of the others, and not counted.</summary>
    public static string Greeting(Phase phase, int index) => GreetingMark + OrderId(phase, index);

    /// <summary>When this message of a paced phase is to be sent, on <see cref="Stopwatch"/>'s clock.</summary>
    public long DueAt(int index) => firstAt + (long)(index / phase.Rate * Stopwatch.Frequency);

    /// <summary>The clock runs from here on, or from the first message that is handled.</summary>
    public void Start()
    {
        first = ProcessFigures.Now;
        firstAt = Stopwatch.GetTimestamp();
    }

    public ValueTask HandleAsync(string orderId)
    {
        if (orderId[0] == GreetingMark)
        {
            if (Interlocked.Increment(ref greetings) == phase.Consumers)
            {
                ready.SetResult();
            }

            return ValueTask.CompletedTask;
        }

        if (Volatile.Read(ref firstAt) == 0)
        {
            StartOnce();
        }

        if (phase.HandlerMilliseconds == 0)
        {
            Count(orderId);
            return ValueTask.CompletedTask;
        }

        return SlowlyAsync(orderId);
    }

    private async ValueTask SlowlyAsync(string orderId)
    {
        await Task.Delay(phase.HandlerMilliseconds);
        Count(orderId);
    }

    private void StartOnce()
    {
        lock (seen)
        {
            if (firstAt == 0)
            {
                Start();
            }
        }
    }

    private void Count(string orderId)
    {
        if (!orderId.StartsWith(prefix, StringComparison.Ordinal)
            || !int.TryParse(orderId.AsSpan(prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var index)
            || index >= seen.Length
            || Interlocked.Exchange(ref seen[index], 1) != 0)
        {
            Interlocked.Increment(ref doubled);
            return;
        }

        var now = Stopwatch.GetTimestamp();
        if (latencies is not null)
        {
            latencies[index] = Stopwatch.GetElapsedTime(DueAt(index), now).TotalMilliseconds;
        }

        var count = Interlocked.Increment(ref handled);
        if (count * 10L / seen.Length > (count - 1) * 10L / seen.Length)
        {
            residentBytes[(count * 10L / seen.Length) - 1] = ProcessFigures.ResidentBytes;
        }

        if (count == seen.Length / 2)
        {
            halfAt = now;
        }

        if (count == seen.Length)
        {
            lastAt = now;
            last = ProcessFigures.Now;
            done.SetResult();
        }
    }
}
