namespace MqService.Harness.Faults;

/// <summary>Runs faults against a built service, each with a broker and a database of its own.</summary>
public static class FaultSuite
{
    public static async Task<Figures> RunAsync(GeneratedService service, Scenario scenario, CancellationToken ct = default)
    {
        var combination = service.Combination;
        await using var servers = new Servers([combination], [scenario.Name]);
        var environment = await servers.EnvironmentAsync(combination, scenario.Name, ct);
        await using var history = new History(Path.Combine(Repository.Artifacts, "faults", $"{combination}-{scenario.Name}.jsonl"));
        await using var run = new FaultRun(service, servers.BrokerOf(combination, scenario.Name), environment, history);
        return await scenario.RunAsync(run);
    }
}
