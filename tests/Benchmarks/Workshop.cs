namespace MqService.Benchmarks;

/// <summary>Generates the services, builds the arms, and has a server for each arm.</summary>
public sealed class Workshop : IAsyncDisposable
{
    private static readonly TimeSpan BuildTimeout = TimeSpan.FromMinutes(10);

    private readonly string folder = Repository.NewScratchFolder("benchmarks");
    private readonly List<Arm> arms = [];
    private readonly string broker;
    private readonly int partitions;
    private readonly Servers servers;

    private Workshop(BenchmarkOptions options)
    {
        broker = options.Broker;
        // A service's own default; no more consumers than partitions would have anything to do.
        partitions = options.Growth ? GrowthSuite.MostConsumers : 6;
        // A part of the server for each arm: they never see each other's queues.
        servers = new Servers([CombinationOf("native")], [.. options.Arms.Select(a => a.Name)]);
    }

    /// <summary>Those that were asked for, without those whose packages are nowhere to be had.</summary>
    public IReadOnlyList<Arm> Arms => arms;

    public static async Task<Workshop> OpenAsync(BenchmarkOptions options, CancellationToken ct)
    {
        var workshop = new Workshop(options);
        try
        {
            var combination = workshop.CombinationOf("native");
            if (Servers.Missing(combination) is { } missing)
            {
                throw new ArgumentException(missing);
            }

            if (Servers.IsExternal(combination))
            {
                throw new ArgumentException($"MQ_{options.Broker.ToUpperInvariant()} is set: the benchmark starts servers of its own, so that all start empty.");
            }

            await workshop.GenerateAsync(options.Arms.Select(a => a.Library).OfType<string>().Distinct(), ct);
            foreach (var sameProject in options.Arms.GroupBy(arm => arm.Project))
            {
                if (await workshop.BuildAsync(sameProject.First(), ct))
                {
                    workshop.arms.AddRange(sameProject);
                }
            }

            return workshop.Arms.Count > 0 ? workshop : throw new BenchmarkException("There is no arm to measure.");
        }
        catch
        {
            await workshop.DisposeAsync();
            throw;
        }
    }

    public async Task<ArmProcess> StartAsync(Arm arm, CancellationToken ct)
    {
        var environment = new Dictionary<string, string?>(await servers.EnvironmentAsync(CombinationOf("native"), arm.Name, ct))
        {
            ["MQ_BROKER"] = broker,
            ["MQ_HEADERS"] = arm == Arm.RawWithHeaders ? "yes" : null,
            // A service's own defaults, said aloud for the arms that are none.
            ["Messaging__Prefetch"] = "64",
            ["Messaging__Concurrency"] = "16",
            ["Messaging__Kafka__Partitions"] = $"{partitions}",
            ["Logging__LogLevel__Default"] = "Warning",
            // The arms run as a service does in production: with none of the settings that make our tests start faster.
            ["DOTNET_TieredPGO"] = null,
        };
        return await ArmProcess.StartAsync(
            arm, new Command("dotnet", Path.Combine(folder, "bin", arm.Project, $"{arm.Project}.dll")) { Environment = environment }, ct);
    }

    public async ValueTask DisposeAsync()
    {
        await servers.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    private Combination CombinationOf(string library) =>
        new([("broker", broker), ("pattern", "work-queue"), ("library", library), ("store", "memory")]);

    private async Task GenerateAsync(IEnumerable<string> libraries, CancellationToken ct)
    {
        var hive = await Hive.InstallAsync(Repository.Root, Path.Combine(folder, "hive"), ct);
        foreach (var library in libraries)
        {
            (await hive.GenerateAsync(CombinationOf(library), "Shop", Path.Combine(folder, $"service-{library}"), ct)).EnsureSuccess();
        }
    }

    /// <returns>False, and it has been said, if no package source here has what it needs.</returns>
    private async Task<bool> BuildAsync(Arm arm, CancellationToken ct)
    {
        var project = Path.Combine(Repository.Root, "tests", "Benchmarks", "Arms", arm.Project, $"{arm.Project}.csproj");
        var command = Command.Dotnet("build", project, "-c", "Release", $"-p:ArmFolder={folder}/", $"-p:ArmBroker={broker}");
        var result = await (command with { Timeout = BuildTimeout }).RunAsync(ct);
        if (result.MissingPackages is { Count: > 0 } missing)
        {
            Console.WriteLine($"{arm.Name} does not take part: no package source here has {string.Join(" and ", missing)}");
            return false;
        }

        result.EnsureSuccess();
        Console.WriteLine($"built {arm.Name} in {result.Elapsed.TotalSeconds:0} s");
        return true;
    }
}
