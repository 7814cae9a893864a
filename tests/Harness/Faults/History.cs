using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace MqService.Harness.Faults;

/// <summary>What happened, in order, one line of JSON each: to read when a run fails, and to check a run again.</summary>
public sealed class History : IAsyncDisposable
{
    private readonly Stopwatch clock = Stopwatch.StartNew();
    private readonly StreamWriter writer;
    private readonly Lock gate = new();

    public History(string path)
    {
        Path = path;
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        writer = new StreamWriter(path);
    }

    public string Path { get; }

    public TimeSpan Now => clock.Elapsed;

    public void Add(string what, string? id = null, object? detail = null)
    {
        lock (gate)
        {
            writer.WriteLine(JsonSerializer.Serialize(new { t = Now.TotalSeconds.ToString("0.000", CultureInfo.InvariantCulture), what, id, detail }));
        }
    }

    public ValueTask DisposeAsync() => writer.DisposeAsync();
}
