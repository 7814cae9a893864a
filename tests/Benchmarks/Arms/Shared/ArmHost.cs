using System.Diagnostics;
using System.Text;
using System.Text.Json;

namespace MqService.Benchmarks.Arms;

/// <summary>Takes an arm through the phases that come in on standard input.</summary>
internal static class ArmHost
{
    /// <summary>Orders that wait for their confirmation at the same time.</summary>
    private const int Window = 64;

    /// <summary>How long nothing may happen before what is missing counts as lost.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>How long what should not come is waited for.</summary>
    private static readonly TimeSpan RestTime = TimeSpan.FromSeconds(2);

    public static async Task RunAsync(ArmBase arm)
    {
        await using (arm)
        {
            await arm.StartPublisherAsync();
            var client = arm.Client.GetName();
            Answer(new ArmReady($"{client.Name} {client.Version}"));
            while (await Console.In.ReadLineAsync() is { } line)
            {
                Answer(await RunAsync(arm, JsonSerializer.Deserialize(line, ProtocolJson.Default.Phase)!));
            }
        }
    }

    private static async Task<PhaseResult> RunAsync(ArmBase arm, Phase phase)
    {
        var sku = Sku(phase.PayloadBytes);
        var tally = new Tally(phase);
        if (phase.Kind is PhaseKind.Publish)
        {
            return await PublishOnlyAsync();
        }

        for (var i = 0; i < phase.Consumers; i++)
        {
            await arm.StartConsumerAsync(tally);
        }

        if (phase.Kind is PhaseKind.Through or PhaseKind.Paced)
        {
            await Task.WhenAll(Enumerable.Range(0, phase.Consumers).Select(index => arm.PublishAsync(Tally.Greeting(phase, index), sku)));
            await tally.Ready;
        }

        switch (phase.Kind)
        {
            case PhaseKind.Through:
                tally.Start();
                await PublishAllAsync(arm, phase, sku);
                break;

            case PhaseKind.Paced:
                tally.Start();
                await Task.WhenAll(await PublishPacedAsync(arm, phase, sku, tally));
                break;

            case PhaseKind.Rest:
                await Task.Delay(RestTime);
                break;
        }

        await WaitAsync(tally, phase);
        await arm.StopConsumersAsync();
        var used = tally.Used;
        return new(
            phase.Count, tally.Seconds, tally.SecondHalfSeconds, used.Cpu.TotalSeconds, used.Allocated, ProcessFigures.PeakBytes, tally.Lost, tally.Doubled,
            tally.Lost == 0 ? tally.Latencies : null, tally.ResidentBytes);

        async Task<PhaseResult> PublishOnlyAsync()
        {
            var before = ProcessFigures.Now;
            var started = Stopwatch.GetTimestamp();
            await PublishAllAsync(arm, phase, sku);
            var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
            var after = ProcessFigures.Now;
            return new(
                phase.Count, seconds, SecondHalfSeconds: 0, (after.Cpu - before.Cpu).TotalSeconds, after.Allocated - before.Allocated, ProcessFigures.PeakBytes,
                Lost: 0, Doubled: 0, Latencies: null, ResidentBytes: []);
        }
    }

    private static async Task WaitAsync(Tally tally, Phase phase)
    {
        for (var lost = tally.Lost; phase.Count > 0 && !tally.Done.IsCompleted; lost = tally.Lost)
        {
            if (await Task.WhenAny(tally.Done, Task.Delay(Patience)) != tally.Done && tally.Lost == lost)
            {
                return;
            }
        }
    }

    private static async Task PublishAllAsync(ArmBase arm, Phase phase, string sku)
    {
        var next = -1;
        await Task.WhenAll(Enumerable.Range(0, Window).Select(_ => Task.Run(async () =>
        {
            while (Interlocked.Increment(ref next) is var index && index < phase.Count)
            {
                await arm.PublishAsync(Tally.OrderId(phase, index), sku);
            }
        })));
    }

    /// <summary>
    /// Sends each message when it is due, however long those before it take: what a slow broker makes wait counts as latency
    /// and does not thin out the load.
    /// </summary>
    private static Task<Task[]> PublishPacedAsync(ArmBase arm, Phase phase, string sku, Tally tally) => Task.Factory.StartNew(
        () =>
        {
            var sent = new Task[phase.Count];
            for (var index = 0; index < phase.Count; index++)
            {
                // A thread of its own that sleeps: timers of the thread pool would come later the more there is to do.
                while (Stopwatch.GetTimestamp() < tally.DueAt(index))
                {
                    Thread.Sleep(1);
                }

                var orderId = Tally.OrderId(phase, index);
                sent[index] = Task.Run(() => arm.PublishAsync(orderId, sku));
            }

            return sent;
        },
        CancellationToken.None,
        TaskCreationOptions.LongRunning,
        TaskScheduler.Default);

    /// <summary>An order's JSON has about 100 bytes with the shortest sku; a longer sku makes up for the rest.</summary>
    private static string Sku(int payloadBytes)
    {
        var order = new { orderId = "0000-00000000", sku = "", quantity = 1, placedAt = DateTimeOffset.UnixEpoch.AddTicks(1) };
        return new('x', Math.Max(1, payloadBytes - JsonSerializer.SerializeToUtf8Bytes(order).Length));
    }

    private static void Answer<T>(T answer)
    {
        // Whatever else is written to standard output, by loggers for example, is no answer.
        Console.Out.WriteLine("@" + Encoding.UTF8.GetString(JsonSerializer.SerializeToUtf8Bytes(answer, typeof(T), ProtocolJson.Default)));
        Console.Out.Flush();
    }
}
