using System.Diagnostics;
using System.Net.Sockets;
using System.Text;

namespace MqService.Harness;

/// <summary>
/// A server that runs in the foreground as our child. It lives as long as its standard input is open: closing that stops it, and it
/// closes by itself when we die, however that happens.
/// </summary>
public sealed class ServerProcess : IAsyncDisposable
{
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(15);

    // $$ is the shell's process id, which becomes that of the server.
    private const string Lifeline = """
        exec 3<&0
        (cat <&3; kill $$) > /dev/null 2>&1 &
        exec 3<&-
        exec "$@" < /dev/null
        """;

    private readonly Process process;
    private readonly StringBuilder output = new();

    private ServerProcess(Command command)
    {
        process = (command with { Program = "sh", Arguments = ["-c", Lifeline, "sh", command.Program, .. command.Arguments] }).Start();
        process.OutputDataReceived += Keep;
        process.ErrorDataReceived += Keep;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public int Id => process.Id;

    public bool HasExited => process.HasExited;

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

    /// <summary>Starts the server and waits until <paramref name="isReady"/> says yes.</summary>
    /// <param name="isReady">Asked again and again; a socket error or a timeout counts as no.</param>
    public static async Task<ServerProcess> StartAsync(
        Command command, Func<ServerProcess, CancellationToken, Task<bool>> isReady, CancellationToken ct)
    {
        var server = new ServerProcess(command);
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(ct);
        deadline.CancelAfter(command.Timeout);
        try
        {
            while (!await isReady(server, deadline.Token))
            {
                if (server.process.HasExited)
                {
                    throw new InvalidOperationException($"$ {command}\n{server.Output}\n(ended at once with exit code {server.process.ExitCode})");
                }

                // Servers have no common way to say that they are ready: asking is all there is.
                await Task.Delay(100, deadline.Token);
            }

            return server;
        }
        catch (Exception e)
        {
            await server.DisposeAsync();
            throw e is OperationCanceledException && !ct.IsCancellationRequested
                ? new TimeoutException($"$ {command}\n{server.Output}\n(not ready after {command.Timeout.TotalSeconds:0} s)")
                : e;
        }
    }

    /// <summary>Whether something accepts connections on this port of the loopback address.</summary>
    public static async Task<bool> ListensAsync(int port, CancellationToken ct)
    {
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync("127.0.0.1", port, ct);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>SIGKILL, for it and all its children: what a crash leaves on disk is what there is.</summary>
    public async Task KillAsync()
    {
        process.Kill(entireProcessTree: true);
        await process.WaitForExitAsync();
    }

    /// <summary>Asks it to end with SIGTERM, and kills it and all its children when it does not.</summary>
    public async ValueTask DisposeAsync()
    {
        process.StandardInput.Close();
        using var deadline = new CancellationTokenSource(Grace);
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

    private void Keep(object sender, DataReceivedEventArgs line)
    {
        lock (output)
        {
            output.AppendLine(line.Data);
        }
    }
}
