namespace MqService.Harness;

/// <summary>A Redis of our own, on a free port, with its data in a scratch folder.</summary>
public sealed class RedisServer : IServer
{
    private const string Commands =
        "-@all +@connection +@stream +eval +evalsha +script|load +script|exists +zadd +zrange +zrem +zcard +publish +subscribe +unsubscribe "
        + "+type +exists +info +time +config|get +zscore +hset +hget +hmget +hdel +hincrby";

    private readonly Func<CancellationToken, Task<ServerProcess>> start;
    private readonly string folder;
    private readonly int port;
    private readonly IReadOnlyList<string> databases;
    private readonly ServerSecurity? security;
    private ServerProcess process;

    private RedisServer(
        ServerProcess process,
        Func<CancellationToken, Task<ServerProcess>> start,
        string folder,
        int port,
        IReadOnlyList<string> databases,
        ServerSecurity? security)
    {
        this.security = security;
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
    public string ConnectionString(string database) => (security is null
        ? $"127.0.0.1:{port}"
        : $"localhost:{port},ssl=true,user={ServerSecurity.User},password={security.Password}")
        + $",defaultDatabase={databases.Index().First(d => d.Item == database).Index}";

    /// <param name="security">If not null: TLS, and one user with no more rights than docs/brokers/redis.md says a work queue and its store need.</param>
    public static async Task<RedisServer> StartAsync(IEnumerable<string> databases, ServerSecurity? security = null, CancellationToken ct = default)
    {
        var names = databases.ToList();
        var folder = Repository.NewScratchFolder("redis");
        var port = Ports.Free(1)[0];
        string[] listen = security is null
            ? ["--port", $"{port}"]
            :
            [
                "--port", "0", "--tls-port", $"{port}", "--tls-auth-clients", "no",
                "--tls-cert-file", security.CertificateFile, "--tls-key-file", security.KeyFile, "--tls-ca-cert-file", security.CaFile,
                "--user", "default", "off", "--user", ServerSecurity.User, "on", $">{security.Password}",
                $"~{security.Prefix}.*", $"~{{{security.Prefix}.*", $"&{{{security.Prefix}.*", .. Commands.Split(' '),
            ];

        return new RedisServer(await StartServerAsync(ct), StartServerAsync, folder, port, names, security);

        Task<ServerProcess> StartServerAsync(CancellationToken token) => ServerProcess.StartAsync(
            new Command(
                Program!, [.. listen, "--bind", "127.0.0.1", "--dir", folder, "--databases", $"{names.Count}",
                // What it has written survives it, if not the machine.
                "--appendonly", "yes", "--appendfsync", "no", "--save", ""])
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
