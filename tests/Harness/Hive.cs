namespace MqService.Harness;

/// <summary>A private place of `dotnet new`, with the pack installed, apart from what the user has installed.</summary>
public sealed class Hive
{
    private Hive(string folder) => Folder = folder;

    public string Folder { get; }

    /// <param name="pack">A .nupkg, or the repository's root for the working tree as it is.</param>
    public static async Task<Hive> InstallAsync(string pack, string folder, CancellationToken ct = default)
    {
        var hive = new Hive(folder);
        var result = (await hive.NewAsync(["install", pack], Path.GetTempPath(), ct)).EnsureSuccess();
        // An invalid template (a source that is not there, for instance) is left out with an exit code of 0.
        return result.Output.Contains("mq-service", StringComparison.Ordinal) ? hive : throw new CommandFailedException(result);
    }

    /// <summary>Runs `dotnet new` with these arguments.</summary>
    public Task<CommandResult> NewAsync(IEnumerable<string> arguments, string workingFolder, CancellationToken ct = default) =>
        (Command.Dotnet(["new", .. arguments, "--debug:custom-hive", Folder]) with { Folder = workingFolder }).RunAsync(ct);

    public Task<CommandResult> GenerateAsync(Combination combination, string name, string output, CancellationToken ct = default) =>
        NewAsync(["mq-service", "-n", name, "-o", output, .. combination.Arguments, "--no-restore"], Path.GetTempPath(), ct);
}
