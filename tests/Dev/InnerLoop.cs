using MqService.Harness;
using MqService.Harness.Faults;

namespace MqService.Dev;

/// <summary>From the working tree to a tested service in one command.</summary>
public static class InnerLoop
{
    public static async Task<int> RunAsync(InnerLoopOptions options, CancellationToken ct)
    {
        var combination = options.Combination;
        var output = options.Output ?? Path.Combine(Path.GetTempPath(), "mq-dev", combination.ToString());
        if (Directory.Exists(output))
        {
            Directory.Delete(output, recursive: true);
        }

        var hiveFolder = Repository.NewScratchFolder("hive");
        try
        {
            var hive = await Hive.InstallAsync(Repository.Root, hiveFolder, ct);
            Report("generated", await hive.GenerateAsync(combination, options.Name, output, ct));
        }
        finally
        {
            Directory.Delete(hiveFolder, recursive: true);
        }

        Console.WriteLine($"  in {output}");
        if (options.GenerateOnly)
        {
            return 0;
        }

        if (!options.NoTest && Servers.Missing(combination) is { } missing)
        {
            throw new ArgumentException($"{missing}: install it, or build only with --no-test.");
        }

        await using var servers = new Servers([combination], ["dev"]);
        var service = new GeneratedService(combination, options.Name, output);
        // Known before the build: with a connection string in the environment, Testcontainers is not referenced.
        var environment = await servers.EnvironmentAsync(combination, "dev", ct);
        Report("restored", await service.RestoreAsync(environment, ct));
        Report("built", await service.BuildAsync(environment, ct));
        if (options.Format)
        {
            Report("formatted", await service.VerifyFormatAsync(environment, ct));
        }

        if (options.NoTest)
        {
            return 0;
        }

        if (options.Faults is { } faults)
        {
            return await RunFaultsAsync(service, faults, ct);
        }

        var (result, run) = await service.TestAsync(environment, options.Filter, Console.WriteLine, ct);
        Console.WriteLine($"{combination}: {run} in {result.Elapsed.TotalSeconds:0.0} s");
        return result.ExitCode;
    }

    public static async Task<int> ServersAsync(CancellationToken ct)
    {
        await using var rabbitMq = RabbitMqServer.Script is null ? null : await RabbitMqServer.StartAsync(["dev"], ct: ct);
        await using var kafka = KafkaServer.Program is null ? null : await KafkaServer.StartAsync(ct: ct);
        await using var nats = NatsServer.Program is null ? null : await NatsServer.StartAsync(["dev"], ct: ct);
        await using var redis = RedisServer.Program is null ? null : await RedisServer.StartAsync(["dev"], ct: ct);
        await using var postgres = PostgresServer.ProgramFolder is null ? null : await PostgresServer.StartAsync(ct);
        foreach (var (variable, connection) in new[]
        {
            ("MQ_RABBITMQ", rabbitMq?.ConnectionString("dev")),
            ("MQ_KAFKA", kafka?.ConnectionString),
            ("MQ_NATS", nats?.ConnectionString("dev")),
            ("MQ_REDIS", redis?.ConnectionString("dev")),
            ("MQ_POSTGRES", postgres?.ConnectionString),
        })
        {
            Console.WriteLine(connection is null ? $"# {variable}: not installed" : $"export {variable}='{connection}'");
        }

        await Task.Delay(Timeout.Infinite, ct);
        return 0;
    }

    private static async Task<int> RunFaultsAsync(GeneratedService service, string names, CancellationToken ct)
    {
        var scenarios = Scenario.All.Where(s => s.AppliesTo(service.Combination) && (names == "all" || names.Split(',').Contains(s.Name))).ToList();
        if (scenarios.Count == 0)
        {
            throw new ArgumentException($"None of these faults can happen to {service.Combination}: {names}");
        }

        var failed = 0;
        foreach (var scenario in scenarios)
        {
            if (scenario.Missing is { } missing)
            {
                Console.WriteLine($"{service.Combination} {scenario.Name} ({scenario.Row}): not here: {missing}");
                continue;
            }

            try
            {
                Console.WriteLine($"{service.Combination} {scenario.Name} ({scenario.Row}): {await FaultSuite.RunAsync(service, scenario, ct)}");
            }
            catch (Exception e) when (e is FaultException or TimeoutException)
            {
                failed++;
                Console.WriteLine($"{service.Combination} {scenario.Name} ({scenario.Row}): FAILED: {e.Message}");
            }
        }

        return failed == 0 ? 0 : 1;
    }

    private static void Report(string what, CommandResult result)
    {
        result.EnsureSuccess();
        Console.WriteLine($"{what} in {result.Elapsed.TotalSeconds:0.0} s");
    }
}
