using System.Text.RegularExpressions;

namespace MqService.Pack.Tests;

/// <summary>
/// Every command that the documentation shows is run by a test: those of `dotnet new` by this one, the others by the tests that
/// <see cref="RunElsewhere"/> names. A new command in a page fails here until it is run somewhere.
/// </summary>
public sealed partial class DocumentationTests(PackFixture pack)
{
    private static readonly Dictionary<string, string> RunElsewhere = new()
    {
        ["./demo"] = nameof(ScriptTests.Demo_shows_orders_and_a_replayed_dead_letter),
        ["./test"] = "It runs these tests; .ci/run calls it.",
        ["./dev"] = nameof(ScriptTests.Dev_generates_builds_and_tests),
        ["dotnet test tests/Pack.Tests"] = "Runs these tests.",
        ["MQ_UPDATE_SNAPSHOTS=1 dotnet test tests/Pack.Tests --filter SnapshotTests"] = nameof(SnapshotTests),
        ["dotnet pack"] = nameof(PackFixture),
        ["dotnet pack -p:ValidateTemplates=true"] = "Its package is not on every feed; TemplateJsonTests covers the same rules.",
        ["dotnet new install MqService.Templates"] = nameof(PackFixture),
        ["dotnet build"] = nameof(BuildTests),
        ["dotnet test"] = nameof(ScriptTests),
        ["docker compose up -d --wait"] = "Needs Docker.",
    };

    /// <summary>The same for commands that begin so, whatever follows.</summary>
    private static readonly Dictionary<string, string> RunElsewhereWith = new()
    {
        ["./dev "] = "./dev itself says which choices there are.",
        ["dotnet run --project "] = nameof(ReadmeWalkthrough),
        ["dotnet run -c Release --project tests/Benchmarks -- "] = nameof(BenchmarkTests),
        ["curl "] = nameof(ReadmeWalkthrough),
        ["sleep "] = nameof(ReadmeWalkthrough),
        ["export ConnectionStrings__"] = nameof(RabbitMqNativeServiceTests),
    };

    public static TheoryData<string, string> DotnetNewCommands =>
        new(Documented().Where(c => IsDotnetNew(c.Command)).Select(c => (c.File, c.Command)));

    [Theory(SkipTestWithoutData = true), MemberData(nameof(DotnetNewCommands))]
    public async Task Dotnet_new_in_the_documentation_works(string file, string command)
    {
        Assert.NotEmpty(file);
        var folder = Directory.CreateTempSubdirectory("mq-documented-").FullName;
        try
        {
            var arguments = Word().Matches(command["dotnet new ".Length..]).Select(m => m.Value.Trim('"'));
            (await pack.Hive.NewAsync([.. arguments, .. command.Contains("--help", StringComparison.Ordinal) ? (string[])[] : ["--no-restore"]], folder, ct: TestContext.Current.CancellationToken)).EnsureSuccess();
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void Every_other_command_in_the_documentation_is_run_by_a_test() =>
        Assert.Empty(Documented().Where(c => !IsDotnetNew(c.Command) && !IsRunElsewhere(c.Command)).Select(c => $"{c.File}: {c.Command}"));

    [Theory, MemberData(nameof(Matrix.Resolved), MemberType = typeof(Matrix))]
    public async Task Every_command_in_a_generated_README_is_run_by_a_test(string name)
    {
        var service = await pack.GeneratedAsync(Matrix.Of(name));

        Assert.DoesNotContain(await service.ReadmeCommandsAsync(), c => !IsRunElsewhere(c));
    }

    private static bool IsDotnetNew(string command) => command.StartsWith("dotnet new mq-service", StringComparison.Ordinal);

    private static bool IsRunElsewhere(string command) =>
        RunElsewhere.ContainsKey(command) || RunElsewhereWith.Any(start => command.StartsWith(start.Key, StringComparison.Ordinal));

    private static IEnumerable<(string File, string Command)> Documented() =>
        from file in new[] { "README.md", "CONTRIBUTING.md" }.Concat(Directory.Exists(Path.Combine(Repository.Root, "docs")) ? RepositoryFiles.Of("docs") : [])
        where file.EndsWith(".md", StringComparison.Ordinal)
        from command in ShellCommands.In(File.ReadAllText(Path.Combine(Repository.Root, file)))
        select (file, command);

    [GeneratedRegex("""
        "[^"]*"|\S+
        """)]
    private static partial Regex Word();
}
