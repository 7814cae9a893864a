using System.Diagnostics;
using System.Text.RegularExpressions;

namespace MqService.Pack.Tests;

/// <summary>
/// Runs a generated service as its README says, on free ports, and then every curl command of the README in turn. A command
/// that ends in a comment such as <c># 404</c> must be answered just so.
/// </summary>
public static partial class ReadmeWalkthrough
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public static async Task<TierResult> RunAsync(GeneratedService service, IReadOnlyDictionary<string, string?> environment)
    {
        var clock = Stopwatch.StartNew();
        var commands = await service.ReadmeCommandsAsync();
        var hosts = new Dictionary<string, ServerProcess>();
        try
        {
            // The README names the hosts in the order of their ports: the producer, or the only one, has the first.
            var urls = new Dictionary<string, string>();
            var ports = commands.SelectMany(c => LocalUrl().Matches(c).Select(m => m.Value)).Distinct().Order().ToList();
            foreach (var (host, port) in commands.Select(c => Host().Match(c)).Where(m => m.Success).Select(m => m.Groups[1].Value).Zip(ports))
            {
                urls[port] = $"http://127.0.0.1:{Ports.Free(1)[0]}";
                hosts[port] = await StartAsync(service, host, urls[port], environment);
            }

            // What comes after the last wait is there to be looked up, and meets what the commands before it have left.
            var tour = commands.ToList().FindLastIndex(IsWait) + 1;
            var waits = false;
            for (var i = 0; i < commands.Count; i++)
            {
                // Where the README sleeps, something is to happen meanwhile; how long it takes is up to the machine.
                waits = IsWait(commands[i]) || (waits && IsGet(commands[i]) && i <= tour);
                if (commands[i].StartsWith("curl ", StringComparison.Ordinal))
                {
                    var command = LocalUrl().Replace(commands[i], m => urls[m.Value]);
                    if (await CurlAsync(command, waits, mayBeGone: i > tour) is { } problem)
                    {
                        return TierResult.Failed($"{problem}\n\n{string.Join('\n', hosts.Values.Select(h => h.Output))}", clock.Elapsed);
                    }
                }
            }

            return TierResult.Passed(clock.Elapsed);
        }
        finally
        {
            foreach (var host in hosts.Values)
            {
                await host.DisposeAsync();
            }
        }
    }

    private static Task<ServerProcess> StartAsync(GeneratedService service, string host, string url, IReadOnlyDictionary<string, string?> environment)
    {
        var run = Command.Dotnet("run", "--project", host, "--no-build", "--", "--urls", url);
        return ServerProcess.StartAsync(
            run with { Folder = service.Folder, Timeout = Patience, Environment = run.Environment.Concat(environment).ToDictionary() },
            async (_, ct) => (await new Command("curl", "-sSf", $"{url}/health/ready").RunAsync(ct)).Succeeded,
            TestContext.Current.CancellationToken);
    }

    private static bool IsGet(string command) => !command.Contains(" -X ", StringComparison.Ordinal) && !command.Contains(" -d ", StringComparison.Ordinal);

    private static bool IsWait(string command) => command.StartsWith("sleep ", StringComparison.Ordinal);

    /// <summary>What went wrong; null when the service answered as it should.</summary>
    private static async Task<string?> CurlAsync(string command, bool waits, bool mayBeGone)
    {
        var clock = Stopwatch.StartNew();
        var (request, expected) = command.Split("  # ") is [var before, var comment] ? (before, comment) : (command, null);
        while (true)
        {
            var result = await new Command("sh", "-c", $"{request} -sS -w '\\n%{{http_code}}'").RunAsync(TestContext.Current.CancellationToken);
            var lines = result.Output.Split('\n');
            var status = lines[^1];
            var body = string.Join('\n', lines[..^1]);

            var isFine = expected is not null ? status == expected
                : waits ? status is "200" && body != "[]"
                : status is "200" or "202" or "204" || (mayBeGone && status == "404" && body.Contains("There is no dead letter", StringComparison.Ordinal));
            if (isFine)
            {
                return null;
            }

            if (!waits || clock.Elapsed > Patience)
            {
                return $"{result}";
            }

            // Over HTTP there is nothing to wait on.
            await Task.Delay(100, TestContext.Current.CancellationToken);
        }
    }

    [GeneratedRegex(@"http://localhost:\d+")]
    private static partial Regex LocalUrl();

    [GeneratedRegex("^dotnet run --project \"?([^\"]+)\"?$")]
    private static partial Regex Host();
}
