namespace MqService.Benchmarks;

/// <summary>What one arm did in one scenario, round by round.</summary>
public sealed class ArmFigures(Arm arm)
{
    public Arm Arm => arm;

    public List<PhaseResult> Publish { get; } = [];

    public List<PhaseResult> Consume { get; } = [];

    /// <summary>Publishing and consuming at the same time.</summary>
    public List<PhaseResult> Through { get; } = [];

    /// <summary>By the share of the load, in percent.</summary>
    public SortedDictionary<int, List<PhaseResult>> Paced { get; } = [];

    public static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return sorted.Count % 2 == 1 ? sorted[sorted.Count / 2] : (sorted[(sorted.Count / 2) - 1] + sorted[sorted.Count / 2]) / 2;
    }

    /// <summary>Half of what lies between the quartiles, as a share of the median.</summary>
    public static double Spread(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return (At(0.75) - At(0.25)) / 2 / Median(sorted);

        double At(double share) => sorted[(int)Math.Round(share * (sorted.Count - 1))];
    }

    /// <summary>
    /// The median of the ratios of each round: what slows the machine down for a while slows down both, and cancels out.
    /// </summary>
    public static double Ratio(IReadOnlyList<PhaseResult> these, IReadOnlyList<PhaseResult> those, Func<PhaseResult, double> figure) =>
        Median(these.Zip(those, (a, b) => figure(a) / figure(b)));

    /// <summary>All of it in one line.</summary>
    public override string ToString()
    {
        var phases = new[] { ("publish", Publish), ("consume", Consume), ("both", Through) }.Select(p => $"{p.Item1} {Describe(p.Item2)}");
        var latencies = Paced.Select(p =>
            $"at {p.Key} % p50/p99/p99.9 {Of(p.Value, l => l.P50):0.0}/{Of(p.Value, l => l.P99):0.0}/{Of(p.Value, l => l.P999):0.0} ms");
        var peak = Paced.Values.SelectMany(p => p).Concat(Through).Max(r => r.PeakBytes) / 1048576;
        return $"{arm.Name,-17} {string.Join(", ", phases.Concat(latencies))}, peak {peak} MB, lost 0, doubled 0";
    }

    public static double Of(IEnumerable<PhaseResult> results, Func<Latencies, double> percentile) => Median(results.Select(r => percentile(r.Latencies!)));

    public static double CpuMicroseconds(PhaseResult result) => result.CpuSeconds / result.Count * 1e6;

    public static double AllocatedBytes(PhaseResult result) => (double)result.AllocatedBytes / result.Count;

    private static string Describe(List<PhaseResult> results) =>
        $"{Median(results.Select(r => r.PerSecond)):0}/s ±{Spread(results.Select(r => r.PerSecond)):0%} "
        + $"({Median(results.Select(CpuMicroseconds)):0} µs cpu, {Median(results.Select(AllocatedBytes)):0} B)";
}
