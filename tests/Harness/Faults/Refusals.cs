using System.Diagnostics;

namespace MqService.Harness.Faults;

/// <summary>The broker answers, and refuses: there is no room for what failed, or for anything.</summary>
internal static class Refusals
{
    /// <summary>Fewer than a consumer handles side by side: the healthy ones go on beside those that cannot be settled.</summary>
    private const int Failures = 5;

    private static readonly TimeSpan Observation = TimeSpan.FromSeconds(5);

    /// <summary>Longer than a producer may wait for a confirmation, and shorter than any client's patience.</summary>
    private static readonly TimeSpan InTime = TimeSpan.FromSeconds(10);

    public static bool Applies(Combination combination) => Scenario.HasTwoHosts(combination) && combination["pattern"] == "work-queue";

    /// <summary>MassTransit's rider handles a partition's messages one after the other: there, healthy ones do wait for what cannot be settled.</summary>
    public static bool AppliesToFailures(Combination combination) =>
        Applies(combination) && (combination["broker"], combination["library"]) != ("kafka", "masstransit");

    /// <summary>Kafka refuses when too few of several brokers are there.</summary>
    public static int Nodes(Combination combination) => combination["broker"] == "kafka" ? 3 : 1;

    /// <summary>
    /// What fails cannot go where it should. The originals stay unacknowledged, nothing spins, healthy ones are handled beside
    /// them. When there is room again, each has its end.
    /// </summary>
    public static async Task<Figures> FailuresAsync(FaultRun run)
    {
        var (producer, consumer) = await Scenario.StartAsync(run);
        var refusal = Refusal.OfFailures(run);

        // So that all there is is there: some of it comes to be when it is first used.
        var early = await SendFailuresAsync();
        await run.UntilAsync(() => AllEndedAsync(early), "what failed before was not settled");
        await refusal.BeginAsync();
        run.History.Add("no room for what fails");

        // RabbitMQ takes one more before it refuses.
        var first = await SendFailuresAsync(1);
        await Task.Delay(Scenario.Moment);
        var late = await SendFailuresAsync();
        var healthy = await SendAsync("coffee");
        await run.UntilAsync(async () => (await Task.WhenAll(healthy.Select(id => run.IsProcessedAsync(consumer, id)))).All(done => done), "the healthy ones wait for the others");
        await Scenario.RequireCalmAsync(run, consumer, Observation);
        var ended = await AllEndedAsync(late);
        run.History.Add("what failed was settled", detail: ended);
        if (ended)
        {
            throw new FaultException($"What failed was settled, though there was no room for it. The history is in {run.History.Path}");
        }

        await refusal.EndAsync();
        run.History.Add("there is room again");
        var since = run.History.Now;
        await run.UntilAsync(async () => await AllEndedAsync(first) && await AllEndedAsync(late), "what failed meanwhile was not settled");
        var figures = await run.CheckAsync(consumer, since);
        var expected = early.Dead.Count + first.Dead.Count + late.Dead.Count;
        return figures.DeadLettered == expected
            ? figures
            : throw new FaultException($"{figures}, and not {expected} dead letters. The history is in {run.History.Path}");

        async Task<(IReadOnlyList<string> Dead, IReadOnlyList<string> Retried)> SendFailuresAsync(int count = Failures) =>
            (await SendAsync("permanent", count), await SendAsync("transient-2", count));

        async Task<bool> AllEndedAsync((IReadOnlyList<string> Dead, IReadOnlyList<string> Retried) failures) =>
            (await Task.WhenAll(failures.Dead.Select(consumer.HasDeadLetterAsync))).All(dead => dead)
            && (await Task.WhenAll(failures.Retried.Select(id => run.IsProcessedAsync(consumer, id)))).All(done => done);

        async Task<IReadOnlyList<string>> SendAsync(string sku, int count = Failures)
        {
            var ids = Enumerable.Range(0, count).Select(_ => $"{sku}-{Guid.NewGuid()}").ToList();
            foreach (var id in ids)
            {
                if (!await run.SendAsync(producer, sku, id))
                {
                    throw new FaultException("A message was refused, though only what fails had no room.");
                }
            }

            return ids;
        }
    }

    /// <summary>The broker has no room at all: producers say so in time, and nothing that was confirmed is lost.</summary>
    public static async Task<Figures> EverythingAsync(FaultRun run, Refusal refusal)
    {
        var (producer, consumer) = await Scenario.StartAsync(run);
        using var before = new CancellationTokenSource();
        var load = run.LoadAsync(producer, Scenario.Concurrency, before.Token);
        await Task.Delay(Scenario.Moment);
        if (refusal.DropsWhatIsThere)
        {
            await before.CancelAsync();
            await load;
            await run.UntilIdleAsync(consumer);
        }

        await refusal.BeginAsync();
        run.History.Add("no room for anything");
        await before.CancelAsync();
        await load;
        using var stop = new CancellationTokenSource();
        load = run.LoadAsync(producer, Scenario.Concurrency, stop.Token);
        await run.UntilAsync(async () => !await run.SendAsync(producer, "coffee"), "messages are confirmed, though there is no room for them");
        var clock = Stopwatch.StartNew();
        if (await run.SendAsync(producer, "coffee") || clock.Elapsed > InTime)
        {
            throw new FaultException($"After {clock.Elapsed.TotalSeconds:0.0} s a message was confirmed, or not refused.");
        }

        await Scenario.RequireCalmAsync(run, consumer, Observation);
        if (refusal.LetsConsumersGoOn)
        {
            await run.UntilIdleAsync(consumer);
        }

        run.History.Add("readiness", detail: new { producer = await producer.ReadinessAsync(), consumer = await consumer.ReadinessAsync() });

        await refusal.EndAsync();
        run.History.Add("there is room again");
        var since = run.History.Now;
        await run.UntilAsync(() => run.SendAsync(producer, "coffee"), "nothing is confirmed, though there is room again");
        await run.UntilReadyAsync(producer);
        await run.UntilReadyAsync(consumer);
        await Task.Delay(Scenario.Moment);
        await stop.CancelAsync();
        await load;
        return await run.CheckAsync(consumer, since);
    }
}
