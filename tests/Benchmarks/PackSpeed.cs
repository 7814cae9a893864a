namespace MqService.Benchmarks;

/// <summary>The pack itself: its size, how long it takes to generate a service, and to see it work.</summary>
public static class PackSpeed
{
    private const int Rounds = 5;

    public static async Task RunAsync(CancellationToken ct)
    {
        var folder = Repository.NewScratchFolder("pack-speed");
        try
        {
            (await Command.Dotnet("pack", Path.Combine(Repository.Root, "Templates.csproj"), "--output", folder, $"-p:BaseIntermediateOutputPath={folder}/obj/").RunAsync(ct)).EnsureSuccess();
            var package = Directory.EnumerateFiles(folder, "*.nupkg").Single();
            Console.WriteLine($"package {new FileInfo(package).Length / 1024} KB");

            var hive = await Hive.InstallAsync(package, Path.Combine(folder, "hive"), ct);
            var (service, worker) = (new List<double>(), new List<double>());
            for (var round = 0; round <= Rounds; round++)
            {
                var ours = await NewAsync(hive, "mq-service", Path.Combine(folder, $"service-{round}"), ct);
                var theirs = await NewAsync(hive, "worker", Path.Combine(folder, $"worker-{round}"), ct);

                // The first time, the engine reads its templates.
                if (round > 0)
                {
                    service.Add(ours);
                    worker.Add(theirs);
                }
            }

            Console.WriteLine($"dotnet new mq-service {ArmFigures.Median(service):0.0} s, dotnet new worker {ArmFigures.Median(worker):0.0} s");
            Console.WriteLine($"ratio mq-service/worker new={ArmFigures.Median(service.Zip(worker, (a, b) => a / b)):0.00}");

            var tests = await (Command.Dotnet("test") with { Folder = Path.Combine(folder, "service-0"), Timeout = TimeSpan.FromMinutes(10) }).RunAsync(ct);
            tests.EnsureSuccess();
            Console.WriteLine($"from an empty folder to green tests {ArmFigures.Median(service) + tests.Elapsed.TotalSeconds:0} s");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<double> NewAsync(Hive hive, string template, string output, CancellationToken ct) =>
        (await hive.NewAsync([template, "-n", "Shop", "-o", output, "--no-restore"], Path.GetTempPath(), ct: ct)).EnsureSuccess().Elapsed.TotalSeconds;
}
