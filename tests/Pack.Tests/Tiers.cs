using System.Collections.Concurrent;

namespace MqService.Pack.Tests;

/// <summary>
/// Takes each combination as far as packages and servers allow: generated, built, tested. While one is tested the next is built.
/// Ends with a table of how far each came.
/// </summary>
public sealed class Tiers(PackFixture pack) : IAsyncDisposable
{
    private readonly ConcurrentDictionary<Combination, Lazy<Task<TierResult>>> built = new();
    private readonly ConcurrentDictionary<Combination, Lazy<Task<TierResult>>> tested = new();

    /// <summary>More builds at once only take the time from each other, and from the tests that run meanwhile.</summary>
    private readonly SemaphoreSlim builders = new(2);

    private readonly Servers servers = new([.. Template.MqService.Resolved], ["tests", "readme"]);

    /// <summary>The brokers named in MQ_REQUIRE, for which a missing package or server is a failure.</summary>
    public static IReadOnlyList<string> Required { get; } = ListIn("MQ_REQUIRE");

    /// <summary>The packages named in MQ_MAY_MISS, without which a combination is skipped even so: some feeds are not complete.</summary>
    private static readonly IReadOnlyList<string> MayMiss = ListIn("MQ_MAY_MISS");

    public Task<TierResult> BuildAsync(Combination combination) =>
        built.GetOrAdd(combination, c => new Lazy<Task<TierResult>>(() => RunBuildAsync(c))).Value;

    public Task<TierResult> TestAsync(Combination combination) =>
        tested.GetOrAdd(combination, c => new Lazy<Task<TierResult>>(() => RunTestsAsync(c))).Value;

    /// <summary>Runs it as its README says. After its tests: on a broker of the user's own both have the same queues.</summary>
    public async Task<TierResult> WalkThroughAsync(Combination combination)
    {
        var test = await TestAsync(combination);
        var build = await BuildAsync(combination);
        return test.Outcome == TierOutcome.Skipped || build.Service is null
            ? TierResult.Skipped("its tests did not run", TimeSpan.Zero)
            : await ReadmeWalkthrough.RunAsync(build.Service, await servers.EnvironmentAsync(combination, "readme"));
    }

    public async ValueTask DisposeAsync()
    {
        await servers.DisposeAsync();
        builders.Dispose();
        if (!tested.IsEmpty || !built.IsEmpty)
        {
            var table = await MatrixReport.WriteAsync(await ResultsAsync(built), await ResultsAsync(tested));
            TestContext.Current.SendDiagnosticMessage("{0}", table);
        }
    }

    private static async Task<Dictionary<Combination, TierResult>> ResultsAsync(ConcurrentDictionary<Combination, Lazy<Task<TierResult>>> tier)
    {
        var results = new Dictionary<Combination, TierResult>();
        foreach (var (combination, result) in tier)
        {
            results[combination] = await result.Value;
        }

        return results;
    }

    private async Task<TierResult> RunBuildAsync(Combination combination)
    {
        await builders.WaitAsync();
        try
        {
            return await BuildNowAsync(combination);
        }
        finally
        {
            builders.Release();
        }
    }

    private async Task<TierResult> BuildNowAsync(Combination combination)
    {
        // A name of its own for each: on a server that all share, queues and databases then stay apart.
        var name = string.Concat(combination.Choices.SelectMany(c => c.Choice.Split('-')).Select(word => char.ToUpperInvariant(word[0]) + word[1..]));
        var service = await pack.GenerateAsync(combination, name, "matrix");

        var restored = await service.RestoreAsync(GeneratedService.BuildEnvironment);
        if (restored.MissingPackages is { Count: > 0 } missing)
        {
            var why = $"packages are missing here: {string.Join(", ", missing)}";
            return missing.All(MayMiss.Contains)
                ? TierResult.Skipped(why, restored.Elapsed)
                : Stop(combination, why, restored.Elapsed);
        }

        if (!restored.Succeeded)
        {
            return TierResult.Failed($"{restored}", restored.Elapsed);
        }

        var build = await service.BuildAsync(GeneratedService.BuildEnvironment);
        var elapsed = restored.Elapsed + build.Elapsed;
        return build.Succeeded ? TierResult.Passed(elapsed) with { Service = service } : TierResult.Failed($"{build}", elapsed);
    }

    private async Task<TierResult> RunTestsAsync(Combination combination)
    {
        var build = await BuildAsync(combination);
        if (build.Service is null)
        {
            // Why not, its build has said.
            return TierResult.Skipped("it was not built", TimeSpan.Zero);
        }

        if (Servers.Missing(combination) is { } missing)
        {
            return Stop(combination, missing, TimeSpan.Zero);
        }

        var (result, run) = await build.Service.RunTestProgramAsync(await servers.EnvironmentAsync(combination, "tests"));
        return (result.Succeeded && run is { Passed: > 0, Failed: 0 }
            ? TierResult.Passed(result.Elapsed)
            : await KeepOutputAsync(combination, result, run)) with { Run = run };
    }

    /// <summary>The output of a failed run can be thousands of lines: into a file with it, and the failures into the message.</summary>
    private static async Task<TierResult> KeepOutputAsync(Combination combination, CommandResult result, TestRun run)
    {
        Directory.CreateDirectory(Repository.Artifacts);
        var log = Path.Combine(Repository.Artifacts, $"{combination}.log");
        await File.WriteAllTextAsync(log, $"{result}");
        return TierResult.Failed($"{run} (exit code {result.ExitCode}) {Brief(run)}\n\n{string.Join("\n\n", run.Failures)}\n\nThe whole output is in {log}.", result.Elapsed);
    }

    /// <summary>For the table, which may be all that is kept of a run: what failed, and how each message begins.</summary>
    private static string Brief(TestRun run) =>
        string.Join(' ', run.Failures.Select(failure => string.Join(": ", failure.Split('\n').Take(3)).Replace('|', '/')));

    private static string[] ListIn(string variable) =>
        (Environment.GetEnvironmentVariable(variable) ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    private static TierResult Stop(Combination combination, string why, TimeSpan elapsed) =>
        Required.Contains(combination["broker"]) ? TierResult.Failed($"MQ_REQUIRE asks for it, but {why}.", elapsed) : TierResult.Skipped(why, elapsed);
}
