namespace MqService.Harness;

/// <summary>A Redis of our own, on a free port, with its data in a scratch folder.</summary>
public sealed class RedisServer : IServer
{
    private readonly Func<CancellationToken, Task<ServerProcess>> start;
    private readonly string folder;
    private readonly int port;
    private readonly IReadOnlyList<string> databases;
    private ServerProcess process;

    private RedisServer(
        ServerProcess process, Func<CancellationToken, Task<ServerProcess>> start, string folder, int port, IReadOnlyList<string> databases)
    {
        this.start = start;
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
        return new RedisServer(await StartServerAsync(ct), StartServerAsync, folder, port, names);

        Task<ServerProcess> StartServerAsync(CancellationToken token) => ServerProcess.StartAsync(
            new Command(
                Program!, "--bind", "127.0.0.1", "--port", $"{port}", "--dir", folder, "--databases", $"{names.Count}",
                // What it has written survives it, if not the machine.
                "--appendonly", "yes", "--appendfsync", "no", "--save", "")
                with { Timeout = TimeSpan.FromMinutes(1) },
            (_, t) => ServerProcess.ListensAsync(port, t),
            token);
    }

    public Task KillAsync() => process.KillAsync();

    public async Task RestartAsync(CancellationToken ct = default) => process = await start(ct);

    public async ValueTask DisposeAsync()
    {
        await process.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }
}
