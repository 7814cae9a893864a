namespace MqService.Harness.Faults;

/// <summary>The database goes away under load, and comes back. The broker is there all the time.</summary>
internal static class StoreOutage
{
    /// <summary>What wants to be stored waits: it is not lost, and no attempt is counted against it.</summary>
    public static async Task<Figures> KillAsync(FaultRun run)
    {
        var (producer, consumer) = await Scenario.StartAsync(run);
        using var stop = new CancellationTokenSource();
        var load = run.LoadAsync(producer, Scenario.Concurrency, stop.Token);

        await Task.Delay(Scenario.Moment);
        run.History.Add("SIGKILL the store");
        await run.Store.KillAsync();
        await run.UntilReadyAsync(consumer, ready: false);
        await Task.Delay(Scenario.Moment * 3);

        await run.Store.RestartAsync();
        run.History.Add("the store is back");
        var since = run.History.Now;
        await run.UntilReadyAsync(producer);
        await run.UntilReadyAsync(consumer);
        await Task.Delay(Scenario.Moment);
        await stop.CancelAsync();
        await load;
        return await run.CheckAsync(consumer, since) is { DeadLettered: 0 } figures
            ? figures
            : throw new FaultException($"Messages became dead letters, only because there was no store. The history is in {run.History.Path}");
    }
}
