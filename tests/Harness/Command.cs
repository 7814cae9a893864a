using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;

namespace MqService.Harness;

/// <param name="Output">Standard output and standard error, as they came.</param>
public sealed partial record CommandResult(string CommandLine, int ExitCode, string Output, TimeSpan Elapsed)
{
    public bool Succeeded => ExitCode == 0;

    /// <summary>What a restore did not find in any package source; empty when that was not what failed.</summary>
    public IReadOnlyList<string> MissingPackages =>
        Succeeded ? [] : [.. PackageNotFound().Matches(Output).Select(m => m.Groups[1].Value).Distinct()];

    public CommandResult EnsureSuccess() => Succeeded ? this : throw new CommandFailedException(this);

    public override string ToString() => $"$ {CommandLine}\n{Output}\n(exit code {ExitCode} after {Elapsed.TotalSeconds:0.0} s)";

    [GeneratedRegex(@"NU110[12]: Unable to find .*?package (\S+?)\.?(?:\s|$)")]
    private static partial Regex PackageNotFound();
}

public sealed class CommandFailedException(CommandResult result) : Exception(result.ToString())
{
    public CommandResult Result { get; } = result;
}

/// <summary>Runs a program to its end, or for at most <see cref="Timeout"/>.</summary>
public sealed record Command(string Program, params IReadOnlyList<string> Arguments)
{
    public string? Folder { get; init; }

    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Added to the environment; null removes a variable.</summary>
    public IReadOnlyDictionary<string, string?> Environment { get; init; } = new Dictionary<string, string?>();

    /// <summary>Called with each line as it comes.</summary>
    public Action<string>? OnLine { get; init; }

    /// <summary>`dotnet` in English, without a telemetry message, and without build nodes that outlive it.</summary>
    public static Command Dotnet(params IReadOnlyList<string> arguments) => new("dotnet", arguments)
    {
        Environment = DotnetEnvironment,
    };

    public static IReadOnlyDictionary<string, string?> DotnetEnvironment { get; } = new Dictionary<string, string?>
    {
        ["DOTNET_CLI_UI_LANGUAGE"] = "en",
        ["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1",
        ["DOTNET_NOLOGO"] = "1",
        ["DOTNET_CLI_USE_MSBUILD_SERVER"] = "0",
        ["MSBUILDDISABLENODEREUSE"] = "1",
        ["MSBUILDTERMINALLOGGER"] = "off",
        // Whatever the machine's own setting: without it each project starts a compiler.
        ["UseSharedCompilation"] = "true",
        // What we start lives for a minute: code that is measured in order to be made faster later does not pay.
        ["DOTNET_TieredPGO"] = "0",
        // Set by the `dotnet test` that runs us, and not meant for what we start.
        ["MSBuildSDKsPath"] = null,
        ["MSBUILD_EXE_PATH"] = null,
        ["MSBuildExtensionsPath"] = null,
    };

    public async Task<CommandResult> RunAsync(CancellationToken ct = default)
    {
        var clock = Stopwatch.StartNew();
        using var process = Start();
        process.StandardInput.Close();
        var output = new StringBuilder();
        var readers = Task.WhenAll(
            ReadAsync(process.StandardOutput, output),
            ReadAsync(process.StandardError, output));

        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(ct);
        deadline.CancelAfter(Timeout);
        try
        {
            await process.WaitForExitAsync(deadline.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            ct.ThrowIfCancellationRequested();
            lock (output)
            {
                output.AppendLine($"Killed: not done after {Timeout.TotalSeconds:0} s.");
            }

            return Result(exitCode: -1);
        }

        // A grandchild that lives on keeps the pipe open: what the program itself wrote is here by then.
        await Task.WhenAny(readers, Task.Delay(TimeSpan.FromSeconds(2), CancellationToken.None));
        return Result(process.ExitCode);

        CommandResult Result(int exitCode)
        {
            lock (output)
            {
                return new CommandResult(ToString(), exitCode, output.ToString().TrimEnd(), clock.Elapsed);
            }
        }
    }

    /// <summary>Starts the program; the caller reads its output, closes its input and ends it.</summary>
    public Process Start()
    {
        var info = new ProcessStartInfo(Program, Arguments)
        {
            WorkingDirectory = Folder ?? "",
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in Environment)
        {
            if (value is null)
            {
                info.Environment.Remove(name);
            }
            else
            {
                info.Environment[name] = value;
            }
        }

        return Process.Start(info)!;
    }

    public override string ToString() =>
        string.Join(' ', Arguments.Prepend(Program).Select(a => a.Contains(' ', StringComparison.Ordinal) ? $"\"{a}\"" : a));

    private async Task ReadAsync(StreamReader reader, StringBuilder output)
    {
        while (await reader.ReadLineAsync() is { } line)
        {
            lock (output)
            {
                output.AppendLine(line);
                OnLine?.Invoke(line);
            }
        }
    }
}
