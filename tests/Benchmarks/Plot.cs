using System.Globalization;
using System.Security;
using System.Text;

namespace MqService.Benchmarks;

/// <param name="Values">One for each label of the axis.</param>
public sealed record Series(string Name, List<double> Values);

/// <summary>Draws lines over a few labelled points, as an SVG that needs nothing else.</summary>
public static class Plot
{
    private const int Width = 640;
    private const int Height = 320;
    private const int Left = 60;
    private const int Right = 180;
    private const int Top = 40;
    private const int Bottom = 40;
    private const int Steps = 4;

    private static readonly string[] Colours = ["#1f77b4", "#d62728", "#2ca02c", "#9467bd"];

    public static string Draw(string title, string unit, IReadOnlyList<string> labels, IReadOnlyList<Series> series)
    {
        var most = series.SelectMany(s => s.Values).Append(1).Max() * 1.1;
        var svg = new StringBuilder();
        svg.AppendLine($"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {Width} {Height}" font-family="sans-serif" font-size="12">""");
        svg.AppendLine($"""  <rect width="{Width}" height="{Height}" fill="white"/>""");
        svg.AppendLine($"""  <text x="{Left}" y="16" font-weight="bold">{SecurityElement.Escape(title)}</text>""");
        svg.AppendLine($"""  <text x="{Left}" y="32" fill="#555">{SecurityElement.Escape(unit)}</text>""");
        for (var step = 0; step <= Steps; step++)
        {
            var value = most * step / Steps;
            svg.AppendLine($"""  <line x1="{Left}" x2="{Width - Right}" y1="{Number(Y(value))}" y2="{Number(Y(value))}" stroke="#ddd"/>""");
            svg.AppendLine($"""  <text x="{Left - 6}" y="{Number(Y(value) + 4)}" text-anchor="end">{value.ToString("0.0", CultureInfo.InvariantCulture)}</text>""");
        }

        foreach (var (index, label) in labels.Index())
        {
            svg.AppendLine($"""  <text x="{Number(X(index))}" y="{Height - Bottom + 18}" text-anchor="middle">{SecurityElement.Escape(label)}</text>""");
        }

        foreach (var (index, line) in series.Index())
        {
            var colour = Colours[index % Colours.Length];
            var points = string.Join(' ', line.Values.Select((value, i) => $"{Number(X(i))},{Number(Y(value))}"));
            svg.AppendLine($"""  <polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>""");
            svg.AppendLine($"""  <text x="{Width - Right + 10}" y="{Top + (index * 18) + 10}" fill="{colour}">{SecurityElement.Escape(line.Name)}</text>""");
        }

        svg.AppendLine("</svg>");
        return svg.ToString();

        double X(int index) => Left + ((Width - Left - Right) * (labels.Count == 1 ? 0.5 : (double)index / (labels.Count - 1)));

        double Y(double value) => Height - Bottom - ((Height - Top - Bottom) * value / most);
    }

    private static string Number(double value) => value.ToString("0.#", CultureInfo.InvariantCulture);
}
