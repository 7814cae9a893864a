using System.Collections.Concurrent;

namespace MqService.Harness;

/// <summary>
/// A private place of `dotnet new`, with the pack installed, apart from what the user has installed. The engine opens its files for
/// itself alone: of two that run at once on one hive, one may fail. So each has a copy of its own while it runs.
/// </summary>
public sealed class Hive
{
    private readonly string folder;
    private readonly ConcurrentBag<string> idle = [];
    private int copies;

    private Hive(string folder) => this.folder = folder;

    private string Original => Path.Combine(folder, "original");

    /// <param name="pack">A .nupkg, or the repository's root for the working tree as it is.</param>
    public static async Task<Hive> InstallAsync(string pack, string folder, CancellationToken ct = default)
    {
        var hive = new Hive(folder);
        var result = (await NewAsync(["install", pack], hive.Original, Path.GetTempPath(), null, ct)).EnsureSuccess();
        // An invalid template (a source that is not there, for instance) is left out with an exit code of 0.
        return result.Output.Contains("mq-service", StringComparison.Ordinal) ? hive : throw new CommandFailedException(result);
    }

    /// <summary>Runs `dotnet new` with these arguments.</summary>
    /// <param name="environment">Added to the environment.</param>
    public async Task<CommandResult> NewAsync(
        IEnumerable<string> arguments, string workingFolder, IReadOnlyDictionary<string, string?>? environment = null, CancellationToken ct = default)
    {
        var mine = idle.TryTake(out var copy) ? copy : Copy();
        try
        {
            return await NewAsync(arguments, mine, workingFolder, environment, ct);
        }
        finally
        {
            idle.Add(mine);
        }
    }

    public Task<CommandResult> GenerateAsync(Combination combination, string name, string output, CancellationToken ct = default) =>
        NewAsync(["mq-service", "-n", name, "-o", output, .. combination.Arguments, "--no-restore"], Path.GetTempPath(), ct: ct);

    private static Task<CommandResult> NewAsync(
        IEnumerable<string> arguments, string hive, string workingFolder, IReadOnlyDictionary<string, string?>? environment, CancellationToken ct)
    {
        var command = Command.Dotnet(["new", .. arguments, "--debug:custom-hive", hive]);
        return (command with { Folder = workingFolder, Environment = command.Environment.Concat(environment ?? new Dictionary<string, string?>()).ToDictionary() }).RunAsync(ct);
    }

    private string Copy()
    {
        var copy = Path.Combine(folder, $"{Interlocked.Increment(ref copies)}");
        foreach (var file in Directory.EnumerateFiles(Original, "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(copy, Path.GetRelativePath(Original, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }

        return copy;
    }
}
