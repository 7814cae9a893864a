namespace MqService.Harness.Faults;

/// <summary>A broker of several servers loses the one that leads.</summary>
internal static class Cluster
{
    /// <summary>Where one queue, topic or stream carries everything, and loses its leader.</summary>
    public static bool CanFailOver(Combination combination) =>
        Scenario.HasTwoHosts(combination) && (combination["broker"], combination["pattern"]) is not ("rabbitmq", "pub-sub" or "event-sourcing");

    /// <summary>
    /// The leader is killed under load; another takes over, and the load goes on, one server short. Then the dead one comes back.
    /// The time to recover is that from the kill to the first message that was sent, confirmed and handled after it.
    /// </summary>
    public static async Task<Figures> KillLeaderAsync(FaultRun run)
    {
        var cluster = (ICluster)run.Broker;
        var (producer, consumer) = await Scenario.StartAsync(run);
        using var stop = new CancellationTokenSource();
        var load = run.LoadAsync(producer, Scenario.Concurrency, stop.Token);

        await Task.Delay(Scenario.Moment);
        var leader = await cluster.KillLeaderAsync(run.Part, run.Destination);
        var killed = run.History.Now;
        run.History.Add("SIGKILL the leader", leader);
        var first = $"first-{Guid.NewGuid()}";
        await run.UntilAsync(() => run.SendAsync(producer, "coffee", first), "nothing is confirmed without the leader");
        await run.UntilProcessedAsync(consumer, first, "nothing is handled without the leader");
        var recovery = run.History.Now - killed;
        run.History.Add("another leads", detail: recovery);

        await run.UntilReadyAsync(producer);
        await run.UntilReadyAsync(consumer);
        await Task.Delay(Scenario.Moment * 2);
        await cluster.RestartAsync();
        run.History.Add("the dead one is back");
        await Task.Delay(Scenario.Moment * 2);
        await stop.CancelAsync();
        await load;
        return await run.CheckAsync(consumer, run.History.Now) with { Recovery = recovery };
    }
}
