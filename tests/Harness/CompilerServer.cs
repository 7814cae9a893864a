namespace MqService.Harness;

/// <summary>
/// The C# compiler as a server takes a fifth of the processor time that starting it for each project takes. This is one of our own:
/// stopping it is nobody else's loss, and nothing of ours outlives us.
/// </summary>
public sealed class CompilerServer : IAsyncDisposable
{
    // Read by the compiler's build task: the name of the server's pipe.
    private const string Variable = "SharedCompilationId";

    private readonly string id = $"mq-{Environment.ProcessId}";

    /// <summary>From here on, what this process builds is compiled by a server of its own, which starts when it is first needed.</summary>
    public CompilerServer() => Environment.SetEnvironmentVariable(Variable, id);

    public async ValueTask DisposeAsync()
    {
        var version = (await Command.Dotnet("--version").RunAsync()).EnsureSuccess().Output.Trim();
        var sdks = (await Command.Dotnet("--list-sdks").RunAsync()).EnsureSuccess().Output.Split('\n');

        // A line is, for instance: 10.0.100 [/usr/share/dotnet/sdk]
        var folder = sdks.Single(line => line.StartsWith($"{version} [", StringComparison.Ordinal))[(version.Length + 2)..].TrimEnd(']', '\r');
        var server = Path.Combine(folder, version, "Roslyn", "bincore", "VBCSCompiler.dll");
        (await Command.Dotnet(server, $"-pipename:{id}", "-shutdown").RunAsync()).EnsureSuccess();
        Environment.SetEnvironmentVariable(Variable, null);
    }
}
