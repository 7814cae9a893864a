using System.Diagnostics;
using System.Text;
using System.Text.Json;

namespace MqService.Benchmarks;

/// <summary>An arm that runs. It lives as long as its standard input is open.</summary>
public sealed class ArmProcess : IAsyncDisposable
{
    private static readonly TimeSpan PhaseTimeout = TimeSpan.FromMinutes(15);

    private readonly Process process;
    private readonly StringBuilder output = new();

    private ArmProcess(Arm arm, Process process)
    {
        Arm = arm;
        this.process = process;
        process.ErrorDataReceived += (_, line) => Keep(line.Data);
        process.BeginErrorReadLine();
    }

    public Arm Arm { get; }

    /// <summary>The name and the version of the client that it uses.</summary>
    public string Client { get; private set; } = "";

    public static async Task<ArmProcess> StartAsync(Arm arm, Command command, CancellationToken ct)
    {
        var running = new ArmProcess(arm, command.Start());
        try
        {
            running.Client = (await running.ReadAsync<ArmReady>(ct)).Client;
            return running;
        }
        catch
        {
            await running.DisposeAsync();
            throw;
        }
    }

    /// <exception cref="BenchmarkException">Messages were lost or doubled: figures of such a run mean nothing.</exception>
    public async Task<PhaseResult> RunAsync(Phase phase, CancellationToken ct)
    {
        await process.StandardInput.WriteLineAsync(JsonSerializer.Serialize(phase, ProtocolJson.Default.Phase));
        await process.StandardInput.FlushAsync(ct);
        var result = await ReadAsync<PhaseResult>(ct);
        return result is { Lost: 0, Doubled: 0 }
            ? result
            : throw new BenchmarkException($"{Arm.Name}: {result.Lost} of {result.Count} lost, {result.Doubled} doubled in {phase}\n{Output}");
    }

    public async ValueTask DisposeAsync()
    {
        process.StandardInput.Close();
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        try
        {
            await process.WaitForExitAsync(deadline.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
        }

        process.Dispose();
    }

    private async Task<T> ReadAsync<T>(CancellationToken ct)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(ct);
        deadline.CancelAfter(PhaseTimeout);
        try
        {
            while (await process.StandardOutput.ReadLineAsync(deadline.Token) is { } line)
            {
                if (line.StartsWith('@'))
                {
                    return (T)JsonSerializer.Deserialize(line.AsSpan(1), typeof(T), ProtocolJson.Default)!;
                }

                Keep(line);
            }
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            throw new BenchmarkException($"{Arm.Name} did not answer within {PhaseTimeout}.\n{Output}");
        }

        throw new BenchmarkException($"{Arm.Name} ended.\n{Output}");
    }

    /// <summary>What it wrote that is no answer.</summary>
    private string Output
    {
        get
        {
            lock (output)
            {
                return output.ToString();
            }
        }
    }

    private void Keep(string? line)
    {
        lock (output)
        {
            output.AppendLine(line);
        }
    }
}
