using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;

namespace MqService.Harness.Faults;

/// <summary>One built process of a generated service, run as it would be deployed, without the tooling around it.</summary>
public sealed class ServiceProcess : IAsyncDisposable
{
    private readonly StringBuilder output = new();
    private readonly Command command;
    private Process process;

    private ServiceProcess(string side, Command command, Uri address)
    {
        Side = side;
        this.command = command;
        Http = new HttpClient { BaseAddress = address, Timeout = TimeSpan.FromSeconds(30) };
        (process, Exited) = Start();
    }

    public string Side { get; }

    public HttpClient Http { get; }

    /// <summary>Completes when the process has ended, for whatever reason.</summary>
    public Task Exited { get; private set; }

    public int ExitCode => process.ExitCode;

    public TimeSpan ProcessorTime
    {
        get
        {
            process.Refresh();
            return process.TotalProcessorTime;
        }
    }

    /// <summary>What it has in memory, in bytes.</summary>
    public long WorkingSet
    {
        get
        {
            process.Refresh();
            return process.WorkingSet64;
        }
    }

    public string Output
    {
        get
        {
            lock (output)
            {
                return output.ToString();
            }
        }
    }

    public static ServiceProcess Start(GeneratedService service, string side, IEnumerable<KeyValuePair<string, string?>> environment)
    {
        var project = $"{service.Name}.{side}";
        var folder = Path.Combine(service.Folder, "src", project);
        var address = new Uri($"http://127.0.0.1:{Ports.Free(1)[0]}/");
        var command = Command.Dotnet(Path.Combine(folder, "bin", "Debug", "net10.0", $"{project}.dll"), "--urls", address.ToString());
        return new(
            side,
            command with
            {
                Folder = folder,
                // The later ones count.
                Environment = command.Environment.Append(new("ASPNETCORE_ENVIRONMENT", "Development")).Concat(environment)
                    .GroupBy(variable => variable.Key, (name, values) => KeyValuePair.Create(name, values.Last().Value)).ToDictionary(),
            },
            address);
    }

    /// <summary>The status it answers with; null while it answers nothing.</summary>
    public async Task<HttpStatusCode?> StatusAsync(string path)
    {
        try
        {
            using var response = await Http.GetAsync(path);
            return response.StatusCode;
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }

    /// <summary>What it says about its readiness, and the lack of it.</summary>
    public async Task<string> ReadinessAsync()
    {
        using var response = await Http.GetAsync("health/ready");
        return await response.Content.ReadAsStringAsync();
    }

    /// <summary>How many messages of each queue it is handling.</summary>
    public async Task<IReadOnlyDictionary<string, long>> InFlightAsync() => (await Http.GetFromJsonAsync<JsonArray>("ops/queues"))!
        .ToDictionary(queue => (string)queue!["queue"]!, queue => (long)queue!["inFlight"]!);

    public async Task<bool> HasDeadLetterAsync(string id) => await StatusAsync($"ops/dead-letters/{id}") == HttpStatusCode.OK;

    /// <summary>SIGKILL: no handler, no finally, no shutdown.</summary>
    public async Task KillAsync()
    {
        process.Kill();
        await Exited;
    }

    /// <summary>SIGKILL, and the same again: what an orchestrator does when the liveness probe fails.</summary>
    public async Task RestartAsync()
    {
        await KillAsync();
        process.Dispose();
        (process, Exited) = Start();
    }

    /// <summary>SIGTERM, and the wait for the end.</summary>
    /// <exception cref="TimeoutException">It did not end within the grace period.</exception>
    public async Task TerminateAsync(TimeSpan grace)
    {
        (await new Command("kill", "-TERM", $"{process.Id}").RunAsync()).EnsureSuccess();
        if (await Task.WhenAny(Exited, Task.Delay(grace)) != Exited)
        {
            throw new TimeoutException($"The {Side} did not end within {grace.TotalSeconds:0} s.\n{Output}");
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
        {
            process.Kill();
            await Exited;
        }

        process.Dispose();
        Http.Dispose();
    }

    private (Process Process, Task Exited) Start()
    {
        var started = command.Start();
        started.OutputDataReceived += Keep;
        started.ErrorDataReceived += Keep;
        started.BeginOutputReadLine();
        started.BeginErrorReadLine();
        return (started, started.WaitForExitAsync());
    }

    private void Keep(object sender, DataReceivedEventArgs line)
    {
        lock (output)
        {
            output.AppendLine(line.Data);
        }
    }
}
