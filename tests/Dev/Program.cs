using System.Runtime.InteropServices;
using MqService.Dev;
using MqService.Harness;

using var stop = new CancellationTokenSource();
using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);

try
{
    return args switch
    {
        ["demo"] => await Demo.RunAsync(stop.Token),
        ["servers"] => await InnerLoop.ServersAsync(stop.Token),
        _ => await InnerLoop.RunAsync(InnerLoopOptions.Parse(args), stop.Token),
    };
}
catch (OperationCanceledException) when (stop.IsCancellationRequested)
{
    return 130;
}
catch (Exception e) when (e is ArgumentException or CommandFailedException or TimeoutException or HttpRequestException or InvalidOperationException)
{
    Console.Error.WriteLine(e.Message);
    return 1;
}

void Stop(PosixSignalContext signal)
{
    // Not at once: the servers are ours to stop.
    signal.Cancel = true;
    stop.Cancel();
}
