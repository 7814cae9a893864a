using System.Runtime.InteropServices;

namespace MqService.Harness;

/// <summary>What a program of ours does around its work: it can be interrupted, and says on standard error what its user can mend.</summary>
public static class ConsoleProgram
{
    /// <param name="run">The work; returns the exit code.</param>
    /// <param name="isForTheUser">Whether the message alone of this exception says what is wrong.</param>
    /// <returns>The exit code: 130 if it was interrupted, 1 if <paramref name="isForTheUser"/>.</returns>
    public static async Task<int> RunAsync(Func<CancellationToken, Task<int>> run, Func<Exception, bool> isForTheUser)
    {
        using var stop = new CancellationTokenSource();
        using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        try
        {
            return await run(stop.Token);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return 130;
        }
        catch (Exception exception) when (isForTheUser(exception))
        {
            await Console.Error.WriteLineAsync(exception.Message);
            return 1;
        }

        void Stop(PosixSignalContext signal)
        {
            // Not at once: what was started is ours to stop.
            signal.Cancel = true;
            stop.Cancel();
        }
    }
}
