using System.Text.RegularExpressions;

namespace MqService.Pack.Tests;

/// <summary>That the benchmark runs and counts, not how fast anything is: a few hundred messages.</summary>
public sealed partial class BenchmarkTests
{
    private const int Scenarios = 2;

    [Fact]
    public async Task Benchmark_counts_every_message_and_prints_its_ratios()
    {
        Assert.SkipWhen(Servers.ExternalRabbitMq is not null, "the benchmark wants a server of its own");
        Assert.SkipWhen(RabbitMqServer.Script is null, "rabbitmq-server is not installed");

        var output = Repository.NewScratchFolder("benchmark");
        try
        {
            var result = await RunAsync(
                "--broker", "rabbitmq", "--quick", "--arms", "raw,native", "--rounds", "1", "--messages", "300", "--output", output);

            Assert.True(result.Succeeded, $"{result}");
            Assert.Equal(["native", "raw"], ArmLine().Matches(result.Output).Select(m => m.Groups[1].Value).Distinct().Order());
            Assert.Equal(2 * Scenarios, ArmLine().Count(result.Output));
            Assert.Matches(@"(?m)^ratio generated/raw publish=\d+\.\d\d consume=\d+\.\d\d$", result.Output);
            Assert.Contains("| generated/raw | 100 B 0 ms |", await File.ReadAllTextAsync(Path.Combine(output, "rabbitmq.md"), TestContext.Current.CancellationToken), StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(output, recursive: true);
        }
    }

    [Fact]
    public async Task Benchmark_says_what_it_knows_when_asked_for_something_else()
    {
        var result = await RunAsync("--broker", "pigeon");

        Assert.Equal(1, result.ExitCode);
        Assert.Contains("--broker <name>     rabbitmq, nats, redis, kafka", result.Output, StringComparison.Ordinal);
    }

    private static Task<CommandResult> RunAsync(params IReadOnlyList<string> arguments) =>
        Command.Dotnet(["run", "-c", "Release", "--project", Path.Combine(Repository.Root, "tests", "Benchmarks"), "--", .. arguments]).RunAsync(TestContext.Current.CancellationToken);

    [GeneratedRegex(@"(?m)^  (\S+) +publish \d+/s .*, consume \d+/s .*, both \d+/s .*, at 50 % p50/p99/p99\.9 .*, lost 0, doubled 0$")]
    private static partial Regex ArmLine();
}
