using MqService.Harness.Faults.Hostile;

namespace MqService.Harness.Faults;

/// <summary>One thing that goes wrong in production, with what the conformance table says must come of it.</summary>
/// <param name="Row">Its row in CONFORMANCE.md.</param>
/// <param name="AppliesTo">Whether it can happen to this combination.</param>
public sealed record Scenario(string Name, string Row, Func<Combination, bool> AppliesTo, Func<FaultRun, Task<Figures>> RunAsync)
{
    /// <summary>Whether service and broker talk through a network that can be told to fail.</summary>
    public bool IsOfTheNetwork { get; init; }

    /// <summary>How many servers the broker consists of.</summary>
    public Func<Combination, int> Nodes { get; init; } = _ => 1;

    /// <summary>Whether the broker asks for a user and shows a certificate.</summary>
    public bool IsOfSecurity { get; init; }

    /// <summary>Whether the broker's data are on a small disk of their own.</summary>
    public bool IsOfTheDisk { get; init; }

    /// <summary>Why it cannot be done here; null when it can.</summary>
    public string? Missing => IsOfTheDisk ? ServerDisk.Missing : null;

    internal const int Concurrency = 8;

    internal static readonly TimeSpan Moment = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(30);

    public static IReadOnlyList<Scenario> All { get; } =
    [
        new("kill", "C08", HasTwoHosts, KillAsync),
        new("steps", "S3", c => HasTwoHosts(c) && c["pattern"] == "saga" && c["store"] != "memory", KillBetweenStepsAsync),
        new("term", "C09", HasTwoHosts, TerminateAsync),
        new("broker", "C10", HasTwoHosts, KillBrokerAsync),
        new("crash", "C11", c => HasTwoHosts(c) && c["pattern"] != "request-reply", CrashAsync),
        new("slow", "C12", c => HasTwoHosts(c) && c["store"] != "memory" && c["pattern"] is "work-queue" or "pub-sub", SlowAsync),
        new("scale", "C15", c => HasTwoHosts(c) && c["store"] != "memory", ScaleAsync),
        new("absent", "C17", HasTwoHosts, BrokerAbsentAsync),
        new("cut", "C10", HasTwoHosts, run => OutageAsync(run, "cut the network", CutAsync, RestoreAsync)) { IsOfTheNetwork = true },
        new("half-open", "C10", HasTwoHosts, run => OutageAsync(run, "freeze the network", FreezeAsync, RestoreAsync)) { IsOfTheNetwork = true },
        new("reset", "C10", HasTwoHosts, ResetAsync) { IsOfTheNetwork = true },
        new("latency", "C10", HasTwoHosts, LatencyAsync) { IsOfTheNetwork = true },
        new("patience", "C10", c => HasTwoHosts(c) && c["pattern"] == "work-queue", PatienceAsync) { IsOfTheNetwork = true },
        new("leader", "C10", Cluster.CanFailOver, Cluster.KillLeaderAsync) { Nodes = _ => 3 },
        new("targets", "C16", Refusals.AppliesToFailures, Refusals.FailuresAsync) { Nodes = Refusals.Nodes },
        new("full", "C16", Refusals.Applies, run => Refusals.EverythingAsync(run, Refusal.OfEverything(run))) { Nodes = Refusals.Nodes },
        new("disk", "C16", Refusals.Applies, run => Refusals.EverythingAsync(run, Refusal.OfTheDisk(run))) { IsOfTheDisk = true },
        new("store", "C10", c => HasTwoHosts(c) && c["store"] == "postgres", StoreOutage.KillAsync),
        new("es-writers", "E1", IsEventSourced, EventSourcing.CompetingWritersAsync),
        new("es-rebuild", "E2", c => IsEventSourced(c) && c["store"] != "memory", EventSourcing.KillRebuildAsync),
        new("fuzz", "C05", IsFuzzed, Fuzz.RunAsync),
        new("fuzz-briefly", "C05", IsFuzzed, Fuzz.RunBrieflyAsync),
        new("tls", "C17", HasUsers, Security.CertificatesAsync) { IsOfSecurity = true },
        new("wrong-password", "C17", HasUsers, Security.WrongPasswordAsync) { IsOfSecurity = true },
        new("secrets", "-", HasUsers, Security.SecretsAsync) { IsOfSecurity = true },
    ];

    /// <summary>The memory broker is gone with its process: there is nothing that could survive.</summary>
    internal static bool HasTwoHosts(Combination combination) => combination["broker"] != "memory";

    /// <summary>The queue, the topics and the replies are read by the same code: one pattern is enough.</summary>
    private static bool IsFuzzed(Combination combination) => HasTwoHosts(combination) && combination["pattern"] == "work-queue";

    /// <summary>For the pattern whose rights the tests know.</summary>
    private static bool HasUsers(Combination combination) => HasTwoHosts(combination) && combination["pattern"] == "work-queue";

    private static bool IsEventSourced(Combination combination) => HasTwoHosts(combination) && combination["pattern"] == "event-sourcing";

    private static async Task<Figures> KillAsync(FaultRun run)
    {
        var (producer, consumer) = await StartAsync(run);
        using var stop = new CancellationTokenSource();
        var load = run.LoadAsync(producer, Concurrency, stop.Token);

        await Task.Delay(Moment);
        run.History.Add("SIGKILL the consumer");
        await consumer.KillAsync();
        var next = run.StartConsumer();
        var since = run.History.Now;
        await run.UntilReadyAsync(next);
        await Task.Delay(Moment);
        await stop.CancelAsync();
        await load;
        return await run.CheckAsync(next, since);
    }

    /// <summary>
    /// The consumer drives the sagas and is all of their participants. Killed at any moment under load, it dies between every two
    /// steps there are: many sagas are under way, each somewhere else.
    /// </summary>
    private static async Task<Figures> KillBetweenStepsAsync(FaultRun run)
    {
        var (producer, consumer) = await StartAsync(run);
        using var stop = new CancellationTokenSource();
        var load = run.LoadAsync(producer, Concurrency, stop.Token);
        for (var times = 0; times < 10; times++)
        {
            await Task.Delay(TimeSpan.FromSeconds(0.5 + Random.Shared.NextDouble()));
            run.History.Add("SIGKILL the consumer");
            await consumer.KillAsync();
            consumer = run.StartConsumer();
            await run.UntilReadyAsync(consumer);
        }

        var since = run.History.Now;
        await stop.CancelAsync();
        await load;
        return await run.CheckAsync(consumer, since);
    }

    private static async Task<Figures> TerminateAsync(FaultRun run)
    {
        var (producer, consumer) = await StartAsync(run);
        using var stop = new CancellationTokenSource();
        var load = run.LoadAsync(producer, Concurrency, stop.Token);

        await Task.Delay(Moment);
        run.History.Add("SIGTERM the consumer");
        await consumer.TerminateAsync(Grace);
        if (consumer.ExitCode != 0)
        {
            throw new FaultException($"The consumer exited with {consumer.ExitCode}.\n{consumer.Output}");
        }

        var next = run.StartConsumer();
        var since = run.History.Now;
        await run.UntilReadyAsync(next);
        await stop.CancelAsync();
        await load;
        return await run.CheckAsync(next, since);
    }

    private static Task<Figures> KillBrokerAsync(FaultRun run) =>
        OutageAsync(run, "SIGKILL the broker", r => r.Broker.KillAsync(), r => r.Broker.RestartAsync());

    private static Task CutAsync(FaultRun run)
    {
        run.Network.Cut();
        return Task.CompletedTask;
    }

    private static Task FreezeAsync(FaultRun run)
    {
        run.Network.Freeze();
        return Task.CompletedTask;
    }

    private static Task RestoreAsync(FaultRun run)
    {
        run.Network.Restore();
        return Task.CompletedTask;
    }

    /// <summary>The broker cannot be reached for a while: nothing is confirmed meanwhile, and everybody says so.</summary>
    private static async Task<Figures> OutageAsync(FaultRun run, string what, Func<FaultRun, Task> begin, Func<FaultRun, Task> end)
    {
        var (producer, consumer) = await StartAsync(run);
        using var stop = new CancellationTokenSource();
        var load = run.LoadAsync(producer, Concurrency, stop.Token);

        await Task.Delay(Moment);
        run.History.Add(what);
        await begin(run);
        if (await run.SendAsync(producer, "coffee") != run.ConfirmsWithoutBroker)
        {
            throw new FaultException(run.ConfirmsWithoutBroker
                ? "The store did not confirm an event while there was no broker."
                : "A message was confirmed while there was no broker.");
        }

        await run.UntilReadyAsync(producer, ready: false);
        await run.UntilReadyAsync(consumer, ready: false);

        run.History.Add("the outage ends");
        await end(run);
        var since = run.History.Now;
        await run.UntilReadyAsync(producer);
        await run.UntilReadyAsync(consumer);
        await Task.Delay(Moment);
        await stop.CancelAsync();
        return await load > 0 || run.ConfirmsWithoutBroker
            ? await run.CheckAsync(consumer, since)
            : throw new FaultException("Nothing was refused while there was no broker.");
    }

    private static async Task<Figures> ResetAsync(FaultRun run)
    {
        var (producer, consumer) = await StartAsync(run);
        using var stop = new CancellationTokenSource();
        var load = run.LoadAsync(producer, Concurrency, stop.Token);
        for (var times = 0; times < 10; times++)
        {
            await Task.Delay(Moment / 4);
            run.History.Add("reset all connections");
            run.Network.Reset();
        }

        var since = run.History.Now;
        await run.UntilReadyAsync(producer);
        await run.UntilReadyAsync(consumer);
        await Task.Delay(Moment);
        await stop.CancelAsync();
        await load;
        return await run.CheckAsync(consumer, since);
    }

    /// <summary>A far broker is slow, and that is all: nothing is refused.</summary>
    private static async Task<Figures> LatencyAsync(FaultRun run)
    {
        var (producer, consumer) = await StartAsync(run);
        run.Network.Latency = TimeSpan.FromMilliseconds(100);
        using var stop = new CancellationTokenSource();
        var load = run.LoadAsync(producer, Concurrency, stop.Token);
        await Task.Delay(Moment * 5);
        await stop.CancelAsync();
        var refused = await load;
        return refused == 0
            ? await run.CheckAsync(consumer, run.History.Now)
            : throw new FaultException($"{refused} messages were refused, only because the broker is far away.");
    }

    /// <summary>Who configures more patience has more, whatever limits the broker's client has of its own: some give up after 5 s.</summary>
    private static async Task<Figures> PatienceAsync(FaultRun run)
    {
        var producer = run.StartProducer([new("Messaging__PublishTimeout", "00:01:00")]);
        var consumer = run.StartConsumer();
        await run.UntilReadyAsync(producer);
        await run.UntilReadyAsync(consumer);

        // Once before: Kafka's client asks the broker for much before its first message, and each answer would take seven seconds.
        await run.SendAsync(producer, "coffee");
        run.Network.Latency = TimeSpan.FromSeconds(3.5);
        if (!await run.SendAsync(producer, "coffee"))
        {
            throw new FaultException("A producer that was told to wait a minute for a confirmation did not wait seven seconds.");
        }

        run.Network.Latency = TimeSpan.Zero;
        return await run.CheckAsync(consumer, run.History.Now);
    }

    private static async Task<Figures> CrashAsync(FaultRun run)
    {
        var (producer, consumer) = await StartAsync(run);
        using var stop = new CancellationTokenSource();
        using var unwatched = new CancellationTokenSource();

        // What an orchestrator does: a process that has died is started again.
        var current = consumer;
        var supervisor = Task.Run(async () =>
        {
            while (true)
            {
                await current.Exited.WaitAsync(unwatched.Token);
                run.History.Add("the consumer died");
                current = run.StartConsumer();
            }
        });

        var load = run.LoadAsync(producer, concurrency: 2, stop.Token);
        var poison = $"poison-{Guid.NewGuid()}";
        if (!await run.SendAsync(producer, "crash", poison))
        {
            throw new FaultException("The message that crashes its consumer was not confirmed.");
        }

        await Task.Delay(Moment);
        await stop.CancelAsync();
        await load;
        var since = run.History.Now;
        await run.UntilAsync(async () => await current.HasDeadLetterAsync(poison), "the message that crashes its consumer is no dead letter", TimeSpan.FromMinutes(8));
        await unwatched.CancelAsync();
        await supervisor.ContinueWith(_ => { }, TaskScheduler.Default);
        return await run.CheckAsync(current, since) is { DeadLettered: 1 } figures
            ? figures
            : throw new FaultException("Innocent messages are among the dead letters.");
    }

    /// <summary>A handler that takes longer than any broker waits for a sign of life. No second consumer may begin with its message.</summary>
    private static async Task<Figures> SlowAsync(FaultRun run)
    {
        var (producer, first) = await StartAsync(run);
        var consumers = new[] { first, run.StartConsumer() };
        await run.UntilReadyAsync(consumers[1]);
        if (!await run.SendAsync(producer, "slow-40"))
        {
            throw new FaultException("The message was not confirmed.");
        }

        await run.UntilAsync(async () => (await HandlingAsync()).Values.Sum() > 0, "nobody handles the message");
        await run.UntilAsync(
            async () => await HandlingAsync() is var handling && handling.Values.All(count => count <= 1)
                ? handling.Values.Sum() == 0
                : throw new FaultException("The message is handled twice at once."),
            "the message is still being handled");
        return await run.CheckAsync(first, run.History.Now);

        // By queue: each subscriber of a topic handles it once.
        async Task<Dictionary<string, long>> HandlingAsync() => (await Task.WhenAll(consumers.Select(consumer => consumer.InFlightAsync())))
            .SelectMany(figures => figures)
            .GroupBy(queue => queue.Key, (queue, figures) => (queue, figures.Sum(f => f.Value)))
            .ToDictionary();
    }

    private static async Task<Figures> ScaleAsync(FaultRun run)
    {
        var (producer, first) = await StartAsync(run);
        using var stop = new CancellationTokenSource();
        var load = run.LoadAsync(producer, Concurrency, stop.Token);

        await Task.Delay(Moment);
        var others = new[] { run.StartConsumer(), run.StartConsumer() };
        foreach (var other in others)
        {
            await run.UntilReadyAsync(other);
        }

        await Task.Delay(Moment);
        run.History.Add("back to one consumer");
        await Task.WhenAll(others.Select(other => other.TerminateAsync(Grace)));
        var since = run.History.Now;
        await stop.CancelAsync();
        await load;
        return await run.CheckAsync(first, since);
    }

    private static async Task<Figures> BrokerAbsentAsync(FaultRun run)
    {
        await run.Broker.KillAsync();
        var producer = run.StartProducer();
        var consumer = run.StartConsumer();
        foreach (var side in new[] { producer, consumer })
        {
            await run.UntilReadyAsync(side, ready: false);
            await RequireCalmAsync(run, side, TimeSpan.FromSeconds(5));
            var reason = await side.ReadinessAsync();
            run.History.Add("unready", side.Side, new { reason });
            if (!reason.Contains("\"reason\":\"", StringComparison.Ordinal))
            {
                throw new FaultException($"The {side.Side} said no reason: {reason}");
            }
        }

        await run.Broker.RestartAsync();
        var since = run.History.Now;
        await run.UntilReadyAsync(producer);
        await run.UntilReadyAsync(consumer);
        for (var number = 0; number < 50; number++)
        {
            await run.SendAsync(producer, "coffee");
        }

        return await run.CheckAsync(consumer, since);
    }

    /// <summary>Whoever waits for something does not use up a processor meanwhile.</summary>
    internal static async Task RequireCalmAsync(FaultRun run, ServiceProcess process, TimeSpan during)
    {
        var before = process.ProcessorTime;
        await Task.Delay(during);
        var busy = process.ProcessorTime - before;
        run.History.Add("busy", process.Side, busy);
        if (process.Exited.IsCompleted || busy > during * 0.4)
        {
            throw new FaultException($"The {process.Side} died, or was busy for {busy.TotalSeconds:0.0} of {during.TotalSeconds:0} s.");
        }
    }

    internal static async Task<(ServiceProcess Producer, ServiceProcess Consumer)> StartAsync(FaultRun run)
    {
        var producer = run.StartProducer();
        var consumer = run.StartConsumer();
        await run.UntilReadyAsync(producer);
        await run.UntilReadyAsync(consumer);
        return (producer, consumer);
    }
}
