using System.Globalization;

namespace MqService.Benchmarks.Arms;

/// <summary>What this process has used so far.</summary>
internal readonly record struct ProcessFigures(TimeSpan Cpu, long Allocated)
{
    public static ProcessFigures Now => new(Environment.CpuUsage.TotalTime, GC.GetTotalAllocatedBytes());

    public static long PeakBytes => Read("VmHWM");

    public static long ResidentBytes => Read("VmRSS");

    private static long Read(string name)
    {
        var line = File.ReadLines("/proc/self/status").First(l => l.StartsWith(name, StringComparison.Ordinal));
        return 1024 * long.Parse(line.AsSpan(name.Length + 1, line.Length - name.Length - 1 - " kB".Length).Trim(), CultureInfo.InvariantCulture);
    }
}
