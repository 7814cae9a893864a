using System.Runtime.InteropServices;
using MqService.Benchmarks;

using var stop = new CancellationTokenSource();
using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);

try
{
    var options = BenchmarkOptions.Parse(args);
    if (options.PackSpeed)
    {
        await PackSpeed.RunAsync(stop.Token);
        return 0;
    }

    await using var workshop = await Workshop.OpenAsync(options, stop.Token);
    return options.Growth ? await GrowthSuite.RunAsync(workshop, options, stop.Token) : await ComparisonSuite.RunAsync(workshop, options, stop.Token);
}
catch (OperationCanceledException) when (stop.IsCancellationRequested)
{
    return 130;
}
catch (Exception e) when (e is ArgumentException or BenchmarkException or CommandFailedException or TimeoutException or InvalidOperationException)
{
    Console.Error.WriteLine(e.Message);
    return 1;
}

void Stop(PosixSignalContext signal)
{
    // Not at once: the servers and the arms are ours to stop.
    signal.Cancel = true;
    stop.Cancel();
}
