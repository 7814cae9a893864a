using System.Xml.Linq;

namespace MqService.Harness;

/// <param name="Failures">Each failed test with its message.</param>
public sealed record TestRun(int Passed, int Failed, int Skipped, IReadOnlyList<string> Failures)
{
    public override string ToString() => $"{Passed} passed, {Failed} failed, {Skipped} skipped";
}

/// <summary>A service that was generated into a folder, and what can be done with it.</summary>
public sealed record GeneratedService(Combination Combination, string Name, string Folder)
{
    /// <summary>
    /// For building without a server at hand: a service whose servers are named in the environment does without Testcontainers.
    /// </summary>
    public static IReadOnlyDictionary<string, string?> BuildEnvironment { get; } = new Dictionary<string, string?>
    {
        ["ConnectionStrings__broker"] = "not-used-by-a-build",
        ["ConnectionStrings__postgres"] = "not-used-by-a-build",
    };

    /// <summary>Each further node of MSBuild is a process that starts from cold, and has little to do in a solution of this size.</summary>
    private const string OneNode = "-m:1";

    public string Solution => Path.Combine(Folder, $"{Name}.slnx");

    /// <summary>The paths of its files, with forward slashes, in a fixed order.</summary>
    public IEnumerable<string> Files =>
        Directory.EnumerateFiles(Folder, "*", SearchOption.AllDirectories)
            .Select(f => Path.GetRelativePath(Folder, f).Replace('\\', '/'))
            .Order(StringComparer.Ordinal);

    public IReadOnlyList<KeyValuePair<string, string>> ReadAll() =>
        [.. Files.Select(f => KeyValuePair.Create(f, File.ReadAllText(Path.Combine(Folder, f))))];

    public Task<CommandResult> RestoreAsync(IReadOnlyDictionary<string, string?> environment, CancellationToken ct = default) =>
        DotnetAsync(["restore", Solution, OneNode], environment, ct: ct);

    public Task<CommandResult> BuildAsync(IReadOnlyDictionary<string, string?> environment, CancellationToken ct = default) =>
        DotnetAsync(["build", Solution, "--no-restore", "-warnaserror", OneNode], environment, ct: ct);

    public Task<CommandResult> VerifyFormatAsync(IReadOnlyDictionary<string, string?> environment, CancellationToken ct = default) =>
        DotnetAsync(["format", Solution, "--verify-no-changes", "--no-restore"], environment, ct: ct);

    private string Results => Path.Combine(Folder, "TestResults", "results.trx");

    /// <summary>Runs the service's own tests against the given servers, as its README says.</summary>
    public async Task<(CommandResult Result, TestRun Run)> TestAsync(
        IReadOnlyDictionary<string, string?> environment, string? filter = null, Action<string>? onLine = null, CancellationToken ct = default)
    {
        var result = await DotnetAsync(
            ["test", Solution, "--no-build", "--results-directory", Path.GetDirectoryName(Results)!, "--logger", "trx;LogFileName=results.trx", .. filter is null ? (string[])[] : ["--filter", filter]],
            environment,
            onLine,
            ct);
        return (result, ReadResults(Results));
    }

    /// <summary>
    /// The same without `dotnet test`: the tests are a program of their own. For whoever does it many times, because looking through all the
    /// projects and starting a host takes longer than some of the tests.
    /// </summary>
    public async Task<(CommandResult Result, TestRun Run)> RunTestProgramAsync(
        IReadOnlyDictionary<string, string?> environment, CancellationToken ct = default)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Results)!);
        var program = Path.Combine(Folder, "tests", $"{Name}.Tests", "bin", "Debug", "net10.0", $"{Name}.Tests.dll");
        var result = await DotnetAsync([program, "-trx", Results, "-noColor"], environment, ct: ct);
        return (result, ReadResults(Results));
    }

    /// <summary>What a .trx file says; nothing ran when it is not there.</summary>
    private static TestRun ReadResults(string trx)
    {
        if (!File.Exists(trx))
        {
            return new TestRun(0, 0, 0, []);
        }

        var results = XDocument.Load(trx).Descendants().ToList();
        var counters = results.Single(e => e.Name.LocalName == "Counters");
        int Count(string name) => (int)counters.Attribute(name)!;
        var failures = results
            .Where(e => e.Name.LocalName == "UnitTestResult" && (string?)e.Attribute("outcome") == "Failed")
            .Select(e => $"{(string?)e.Attribute("testName")}\n{e.Descendants().FirstOrDefault(m => m.Name.LocalName == "Message")?.Value}");
        return new TestRun(Count("passed"), Count("executed") - Count("passed"), Count("total") - Count("executed"), [.. failures]);
    }

    private Task<CommandResult> DotnetAsync(
        IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string?> environment, Action<string>? onLine = null, CancellationToken ct = default)
    {
        var command = Command.Dotnet(arguments);
        return (command with
        {
            Folder = Folder,
            Timeout = TimeSpan.FromMinutes(10),
            Environment = command.Environment.Concat(environment).ToDictionary(),
            OnLine = onLine,
        }).RunAsync(ct);
    }
}
