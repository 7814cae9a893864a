namespace MqService.Benchmarks;

/// <summary>The arms beside each other: each has its turn in each round, so that whatever else the machine does happens to all of them.</summary>
public static class ComparisonSuite
{
    private static int batches;

    public static async Task<int> RunAsync(Workshop workshop, BenchmarkOptions options, CancellationToken ct)
    {
        var results = new List<(Scenario Scenario, IReadOnlyList<ArmFigures> Arms)>();
        foreach (var scenario in options.Quick ? Scenario.Quick : Scenario.All)
        {
            Console.WriteLine($"{options.Broker}, payload {Scenario.Bytes(scenario.PayloadBytes)}, handler {scenario.HandlerMilliseconds} ms");
            var figures = await RunAsync(workshop, scenario, options, ct);
            figures.ForEach(arm => Console.WriteLine($"  {arm}"));
            results.Add((scenario, figures));
        }

        var report = new ComparisonReport(options.Broker, results);
        foreach (var line in report.Ratios)
        {
            Console.WriteLine(line);
        }

        Directory.CreateDirectory(options.Output);
        await File.WriteAllTextAsync(Path.Combine(options.Output, $"{options.Broker}.md"), report.Markdown, ct);
        return 0;
    }

    /// <summary>Publishes and consumes for a while: what .NET compiles twice is compiled for good after that.</summary>
    public static async Task WarmUpAsync(ArmProcess arm, Scenario scenario, int count, CancellationToken ct)
    {
        for (var i = 0; i < 2; i++)
        {
            await arm.RunAsync(PhaseOf(PhaseKind.Through, scenario, count), ct);
            var batch = PhaseOf(PhaseKind.Publish, scenario, count);
            await arm.RunAsync(batch, ct);
            await arm.RunAsync(batch with { Kind = PhaseKind.Consume }, ct);
        }
    }

    public static Phase PhaseOf(PhaseKind kind, Scenario scenario, int count) =>
        new(kind, ++batches, count, scenario.PayloadBytes, scenario.HandlerMilliseconds);

    private static async Task<List<ArmFigures>> RunAsync(Workshop workshop, Scenario scenario, BenchmarkOptions options, CancellationToken ct)
    {
        var running = new List<ArmProcess>();
        try
        {
            var count = options.MessagesOf(scenario);
            foreach (var arm in workshop.Arms)
            {
                running.Add(await workshop.StartAsync(arm, ct));

                // As many whatever the handler takes: with fewer messages, more of the code would be as it was first compiled.
                await WarmUpAsync(running[^1], scenario with { HandlerMilliseconds = 0 }, options.Messages / 2, ct);
            }

            CheckClients(running);
            var figures = running.ToDictionary(arm => arm, arm => new ArmFigures(arm.Arm));
            for (var round = 0; round < options.Rounds; round++)
            {
                foreach (var arm in InTurn(running, round))
                {
                    var batch = PhaseOf(PhaseKind.Publish, scenario, count);
                    figures[arm].Publish.Add(await arm.RunAsync(batch, ct));
                    figures[arm].Consume.Add(await arm.RunAsync(batch with { Kind = PhaseKind.Consume }, ct));
                    figures[arm].Through.Add(await arm.RunAsync(PhaseOf(PhaseKind.Through, scenario, count), ct));
                }
            }

            // The same load for all: that of the slowest, or it would drown, and its latencies would say how long it was at it.
            var most = figures.Values.Min(f => ArmFigures.Median(f.Through.Select(r => r.PerSecond)));
            foreach (var percent in options.Quick ? [50] : new[] { 50, 70 })
            {
                for (var round = 0; round < options.Rounds; round++)
                {
                    foreach (var arm in InTurn(running, round))
                    {
                        var paced = PhaseOf(PhaseKind.Paced, scenario, count / 2) with { Rate = most * percent / 100 };
                        if (!figures[arm].Paced.TryGetValue(percent, out var rounds))
                        {
                            figures[arm].Paced[percent] = rounds = [];
                        }

                        rounds.Add(await arm.RunAsync(paced, ct));
                    }
                }
            }

            foreach (var arm in running)
            {
                await arm.RunAsync(PhaseOf(PhaseKind.Rest, scenario, 0), ct);
            }

            return [.. figures.Values];
        }
        finally
        {
            foreach (var arm in running)
            {
                await arm.DisposeAsync();
            }
        }
    }

    /// <summary>Another begins in each round.</summary>
    private static IEnumerable<ArmProcess> InTurn(List<ArmProcess> arms, int round) => arms.Skip(round % arms.Count).Concat(arms.Take(round % arms.Count));

    /// <summary>The raw client is to be the one that the generated service uses, and plain MassTransit the generated one's.</summary>
    private static void CheckClients(List<ArmProcess> arms)
    {
        foreach (var (name, arm, beside) in Arm.Ratios.Take(2))
        {
            if (arms.FirstOrDefault(a => a.Arm == arm)?.Client is { } one && arms.FirstOrDefault(a => a.Arm == beside)?.Client is { } other && one != other)
            {
                throw new BenchmarkException($"{name} compares {one} with {other}: give both the same version.");
            }
        }
    }
}
