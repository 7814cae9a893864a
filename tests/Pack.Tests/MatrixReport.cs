using System.Text;

namespace MqService.Pack.Tests;

/// <summary>The closing table: how far each combination came. Markdown, for the console and for the README.</summary>
public static class MatrixReport
{
    public static string Path { get; } = System.IO.Path.Combine(Repository.Artifacts, "matrix.md");

    public static async Task<string> WriteAsync(IReadOnlyDictionary<Combination, TierResult> built, IReadOnlyDictionary<Combination, TierResult> tested)
    {
        var table = new StringBuilder();
        Row([.. Template.MqService.Options, "tier reached", "tests passed", "seconds", "why not further"]);
        Row([.. Template.MqService.Options.Select(_ => "---"), "---", "---:", "---:", "---"]);
        foreach (var combination in Template.MqService.Resolved)
        {
            var build = built.GetValueOrDefault(combination);
            var test = tested.GetValueOrDefault(combination);
            var (tier, stop) = (build?.Outcome, test?.Outcome) switch
            {
                (TierOutcome.Passed, TierOutcome.Passed) => ("3 tested", null),
                (TierOutcome.Passed, _) => ("2 built", test),
                _ => ("1 generated", build),
            };
            Row([
                .. combination.Choices.Select(c => c.Choice),
                tier,
                $"{test?.Run?.Passed}",
                $"{((build?.Elapsed ?? default) + (test?.Elapsed ?? default)).TotalSeconds:0}",
                tier[0] == '3' ? "" : stop is null ? "not run" : stop.Outcome == TierOutcome.Failed ? $"FAILED: {stop.Why.Split('\n')[0]}" : stop.Why,
            ]);
        }

        Directory.CreateDirectory(Repository.Artifacts);
        await File.WriteAllTextAsync(Path, table.ToString());
        return table.ToString();

        void Row(IEnumerable<string> cells) => table.Append($"| {string.Join(" | ", cells)} |\n");
    }
}
