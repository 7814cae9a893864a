namespace MqService.Pack.Tests;

/// <summary>The commands in the repository's root.</summary>
public sealed class ScriptTests
{
    [Fact]
    public async Task Demo_shows_orders_and_a_replayed_dead_letter()
    {
        var result = await Script("demo").RunAsync(TestContext.Current.CancellationToken);

        Assert.True(result.Succeeded, $"{result}");
        Assert.Contains("each with exactly one effect, none lost", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Dev_generates_builds_and_tests()
    {
        var output = Repository.NewScratchFolder("dev");
        try
        {
            var result = await Script("dev", "memory", "native", "--format", "--output", output).RunAsync(TestContext.Current.CancellationToken);

            Assert.True(result.Succeeded, $"{result}");
            Assert.Contains("memory-work-queue-native-memory:", result.Output, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(output, recursive: true);
        }
    }

    [Fact]
    public async Task Dev_says_what_it_knows_when_asked_for_something_else()
    {
        var result = await Script("dev", "pigeon").RunAsync(TestContext.Current.CancellationToken);

        Assert.Equal(1, result.ExitCode);
        Assert.Contains("'pigeon' is not a choice", result.Output, StringComparison.Ordinal);
        Assert.Contains("rabbitmq", result.Output, StringComparison.Ordinal);
    }

    private static Command Script(string name, params IReadOnlyList<string> arguments) =>
        new(Path.Combine(Repository.Root, name), arguments) { Folder = Repository.Root, Environment = Command.DotnetEnvironment, Timeout = TimeSpan.FromMinutes(10) };
}
