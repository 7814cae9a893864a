using System.Text;

namespace MqService.Benchmarks;

/// <summary>The ratios, for the screen and for a page.</summary>
public sealed class ComparisonReport(string broker, IReadOnlyList<(Scenario Scenario, IReadOnlyList<ArmFigures> Arms)> results)
{
    private static readonly (string Name, Func<ArmFigures, IReadOnlyList<PhaseResult>> Phase)[] Phases =
        [("publish", f => f.Publish), ("consume", f => f.Consume), ("both", f => f.Through)];

    /// <summary>A line for each pair and scenario, and at the end the worst of each pair.</summary>
    public IEnumerable<string> Ratios
    {
        get
        {
            foreach (var (scenario, _) in results)
            {
                foreach (var (name, throughput) in Throughputs(scenario))
                {
                    yield return $"{scenario}: ratio {name} {string.Join(' ', throughput.Select(t => $"{t.Phase}={t.Ratio:0.00}"))}";
                }
            }

            foreach (var pair in results.SelectMany(r => Throughputs(r.Scenario)).GroupBy(r => r.Name))
            {
                var worst = Phases.Take(2).Select(p => $"{p.Name}={pair.Min(r => r.Throughput.Single(t => t.Phase == p.Name).Ratio):0.00}");
                yield return $"ratio {pair.Key} {string.Join(' ', worst)}";
            }
        }
    }

    public string Markdown
    {
        get
        {
            var text = new StringBuilder();
            text.AppendLine($"| {broker}: ratio | payload, handler | publish | consume | both | CPU publish | CPU consume | allocated publish | allocated consume |");
            text.AppendLine("|---|---|---:|---:|---:|---:|---:|---:|---:|");
            foreach (var (name, scenario, arm, beside) in Pairs())
            {
                var cells = Phases.Select(p => Cell(arm, beside, p.Phase, r => r.PerSecond))
                    .Concat(Phases.Take(2).Select(p => Cell(arm, beside, p.Phase, ArmFigures.CpuMicroseconds)))
                    .Concat(Phases.Take(2).Select(p => Cell(arm, beside, p.Phase, ArmFigures.AllocatedBytes)));
                text.AppendLine($"| {name} | {scenario} | {string.Join(" | ", cells)} |");
            }

            text.AppendLine();
            text.AppendLine($"| {broker}: ratio of latencies | payload, handler | load | p50 | p99 | p99.9 |");
            text.AppendLine("|---|---|---:|---:|---:|---:|");
            foreach (var (name, scenario, arm, beside) in Pairs())
            {
                foreach (var (percent, paced) in arm.Paced)
                {
                    var cells = new Func<Latencies, double>[] { l => l.P50, l => l.P99, l => l.P999 }
                        .Select(p => $"{ArmFigures.Of(paced, p) / ArmFigures.Of(beside.Paced[percent], p):0.00}");
                    text.AppendLine($"| {name} | {scenario} | {percent} % | {string.Join(" | ", cells)} |");
                }
            }

            return text.ToString();
        }
    }

    private static string Cell(ArmFigures arm, ArmFigures beside, Func<ArmFigures, IReadOnlyList<PhaseResult>> phase, Func<PhaseResult, double> figure) =>
        $"{ArmFigures.Ratio(phase(arm), phase(beside), figure):0.00}";

    private IEnumerable<(string Name, IReadOnlyList<(string Phase, double Ratio)> Throughput)> Throughputs(Scenario scenario) =>
        from pair in Pairs()
        where pair.Scenario == scenario
        select (pair.Name, (IReadOnlyList<(string, double)>)[.. Phases.Select(p => (p.Name, ArmFigures.Ratio(p.Phase(pair.Arm), p.Phase(pair.Beside), r => r.PerSecond)))]);

    private IEnumerable<(string Name, Scenario Scenario, ArmFigures Arm, ArmFigures Beside)> Pairs() =>
        from ratio in Arm.Ratios
        from result in results
        let arm = result.Arms.FirstOrDefault(a => a.Arm == ratio.Arm)
        let beside = result.Arms.FirstOrDefault(a => a.Arm == ratio.Beside)
        where arm is not null && beside is not null
        select (ratio.Name, result.Scenario, arm, beside);
}
