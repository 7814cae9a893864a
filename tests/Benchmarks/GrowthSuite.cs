using System.Globalization;
using System.Text;

namespace MqService.Benchmarks;

/// <summary>How cost grows with the payload, with the number of consumers and with what waits in the queue. Ratios only, as tables and as plots.</summary>
public static class GrowthSuite
{
    public const int MostConsumers = 16;

    private const int MaxBytesInAPhase = 100_000_000;

    /// <summary>The memory store remembers as many messages; only then can memory be flat.</summary>
    private const int Remembered = 100_000;

    private static readonly int[] Payloads = [100, 1024, 10 * 1024, 100 * 1024];
    private static readonly int[] Consumers = [1, 2, 4, 8, MostConsumers];

    public static async Task<int> RunAsync(Workshop workshop, BenchmarkOptions options, CancellationToken ct)
    {
        var arms = workshop.Arms;
        var markdown = new StringBuilder();
        Directory.CreateDirectory(options.Output);

        var publish = arms.Select(a => new Series($"{a.Name} publish", [])).ToList();
        var consume = arms.Select(a => new Series($"{a.Name} consume", [])).ToList();
        foreach (var payload in Payloads)
        {
            var scenario = new Scenario(payload, HandlerMilliseconds: 0);
            var figures = await MeasureAsync(workshop, arms, scenario, Math.Min(options.Messages, MaxBytesInAPhase / payload), consumers: 1, options.Rounds, ct);
            Add(publish, figures, f => f.Publish.Select(r => r.PerSecond));
            Add(consume, figures, f => f.Consume.Select(r => r.PerSecond));
        }

        await ReportAsync("payload", "payload", Payloads.Select(Scenario.Bytes), [.. publish, .. consume], "messages/s, of that with 100 B");

        var scaling = arms.Select(a => new Series($"{a.Name} consume", [])).ToList();
        foreach (var consumers in Consumers)
        {
            var scenario = new Scenario(PayloadBytes: 100, HandlerMilliseconds: 5);
            var figures = await MeasureAsync(workshop, arms, scenario, options.Messages, consumers, options.Rounds, ct);

            // The first of them begins alone, and on Kafka the others take some seconds to join it.
            Add(scaling, figures, f => f.Consume.Select(r => r.PerSecondInSecondHalf));
        }

        await ReportAsync("consumers", "consumers", Consumers.Select(c => $"{c}"), scaling, "messages/s, of that with 1 consumer");

        var backlog = await BacklogAsync(workshop, options.Backlog, ct);
        await ReportAsync(
            "backlog", "consumed", backlog.Select((_, i) => $"{(i + 1) * 10} %"), [new Series("native, resident memory", backlog)],
            $"of that when {Remembered} were consumed, backlog {options.Backlog}");
        await File.WriteAllTextAsync(Path.Combine(options.Output, $"{options.Broker}-growth.md"), markdown.ToString(), ct);
        return 0;

        async Task ReportAsync(string name, string axis, IEnumerable<string> labels, IReadOnlyList<Series> series, string unit)
        {
            // The backlog says itself what it is relative to.
            var relative = name == "backlog" ? series : [.. series.Select(s => s with { Values = [.. s.Values.Select(v => v / s.Values[0])] })];
            var columns = labels.ToList();
            markdown.AppendLine($"| {options.Broker}: {axis} | {string.Join(" | ", columns)} |");
            markdown.AppendLine($"|---|{string.Concat(columns.Select(_ => "---:|"))}");
            foreach (var line in relative)
            {
                markdown.AppendLine($"| {line.Name} | {string.Join(" | ", line.Values.Select(v => v.ToString("0.00", CultureInfo.InvariantCulture)))} |");
            }

            markdown.AppendLine();
            Console.WriteLine($"{options.Broker} {name}: {string.Join("; ", relative.Select(l => $"{l.Name} {string.Join(' ', l.Values.Select(v => $"{v:0.00}"))}"))}");
            await File.WriteAllTextAsync(
                Path.Combine(options.Output, $"{options.Broker}-{name}.svg"), Plot.Draw($"{options.Broker}: {axis}", unit, columns, relative), ct);
        }
    }

    private static void Add(List<Series> series, IReadOnlyList<ArmFigures> figures, Func<ArmFigures, IEnumerable<double>> perSecond)
    {
        foreach (var (line, arm) in series.Zip(figures))
        {
            line.Values.Add(ArmFigures.Median(perSecond(arm)));
        }
    }

    private static async Task<IReadOnlyList<ArmFigures>> MeasureAsync(
        Workshop workshop, IReadOnlyList<Arm> arms, Scenario scenario, int count, int consumers, int rounds, CancellationToken ct)
    {
        var running = new List<ArmProcess>();
        try
        {
            foreach (var arm in arms)
            {
                running.Add(await workshop.StartAsync(arm, ct));
                await ComparisonSuite.WarmUpAsync(running[^1], scenario, Math.Max(1, count / 4), ct);
            }

            var figures = running.Select(arm => new ArmFigures(arm.Arm)).ToList();
            for (var round = 0; round < rounds; round++)
            {
                foreach (var (arm, results) in running.Zip(figures))
                {
                    var batch = ComparisonSuite.PhaseOf(PhaseKind.Publish, scenario, count) with { Consumers = consumers };
                    results.Publish.Add(await arm.RunAsync(batch, ct));
                    results.Consume.Add(await arm.RunAsync(batch with { Kind = PhaseKind.Consume }, ct));
                }
            }

            return figures;
        }
        finally
        {
            foreach (var arm in running)
            {
                await arm.DisposeAsync();
            }
        }
    }

    /// <summary>The resident memory at each tenth of a long queue, relative to when the inbox was full for the first time.</summary>
    private static async Task<List<double>> BacklogAsync(Workshop workshop, int backlog, CancellationToken ct)
    {
        await using var arm = await workshop.StartAsync(Arm.Native, ct);
        var batch = ComparisonSuite.PhaseOf(PhaseKind.Publish, new Scenario(PayloadBytes: 100, HandlerMilliseconds: 0), backlog);
        await arm.RunAsync(batch, ct);
        var consumed = await arm.RunAsync(batch with { Kind = PhaseKind.Consume }, ct);
        var full = consumed.ResidentBytes[Math.Min(9, Remembered * 10 / backlog)];
        return [.. consumed.ResidentBytes.Select(bytes => (double)bytes / full)];
    }
}
