namespace MqService.Harness;

/// <summary>A Redis of our own, on a free port, with its data in a scratch folder.</summary>
public sealed class RedisServer : IAsyncDisposable
{
    private readonly ServerProcess process;
    private readonly string folder;
    private readonly int port;
    private readonly IReadOnlyList<string> databases;

    private RedisServer(ServerProcess process, string folder, int port, IReadOnlyList<string> databases)
    {
        this.process = process;
        this.folder = folder;
        this.port = port;
        this.databases = databases;
    }

    public static string? Program { get; } =
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .Select(f => Path.Combine(f, "redis-server"))
        .FirstOrDefault(File.Exists);

    /// <summary>Redis numbers its databases: the number of this one.</summary>
    public string ConnectionString(string database) => $"127.0.0.1:{port},defaultDatabase={databases.Index().First(d => d.Item == database).Index}";

    public static async Task<RedisServer> StartAsync(IEnumerable<string> databases, CancellationToken ct = default)
    {
        var names = databases.ToList();
        var folder = Repository.NewScratchFolder("redis");
        var port = Ports.Free(1)[0];
        var process = await ServerProcess.StartAsync(
            new Command(
                Program!, "--bind", "127.0.0.1", "--port", $"{port}", "--dir", folder, "--databases", $"{names.Count}",
                // Nothing here is meant to survive, but the service warns when nothing is written at all.
                "--appendonly", "yes", "--appendfsync", "no", "--save", "")
                with { Timeout = TimeSpan.FromMinutes(1) },
            (_, t) => ServerProcess.ListensAsync(port, t),
            ct);
        return new RedisServer(process, folder, port, names);
    }

    public async ValueTask DisposeAsync()
    {
        await process.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }
}
