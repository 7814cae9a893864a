namespace MqService.Harness;

/// <summary>A Redis of our own, on a free port, with its data in a scratch folder.</summary>
public sealed class RedisServer : IServer
{
    private const string Commands =
        "-@all +@connection +@stream +eval +evalsha +script|load +script|exists +zadd +zrange +zrem +zcard +publish +subscribe +unsubscribe "
        + "+type +exists +info +time +config|get +zscore +hset +hget +hmget +hdel +hincrby";

    private readonly string folder;
    private readonly ServerNode node;
    private readonly IReadOnlyList<string> databases;
    private readonly ServerSecurity? security;

    private RedisServer(string folder, IReadOnlyList<string> databases, IReadOnlyList<string> arguments, ServerSecurity? security, ServerDisk? disk)
    {
        this.folder = folder;
        this.databases = databases;
        this.security = security;
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
        var command = new Command(
            Program!,
            [
                .. listen, "--bind", "127.0.0.1", "--dir", disk?.DataFolder ?? folder, "--databases", $"{databases.Count}",
                // What it has written survives it, if not the machine.
                "--appendonly", "yes", "--appendfsync", "no", "--save", "",
                .. arguments,
            ]) { Timeout = TimeSpan.FromMinutes(1) };
        node = new($"127.0.0.1:{port}", port, ct => ServerProcess.StartAsync(
            disk?.Enter(command) ?? command, (_, t) => ServerProcess.ListensAsync(port, t), ct));
    }

    public static string? Program { get; } =
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .Select(f => Path.Combine(f, "redis-server"))
        .FirstOrDefault(File.Exists);

    public int Port => node.Port;

    public bool IsRunning => node.IsRunning;

    /// <summary>Redis numbers its databases: the number of this one.</summary>
    public string ConnectionString(string database) =>
        (security is null ? node.Name : $"localhost:{Port},ssl=true,user={ServerSecurity.User},password={security.Password}")
        + $",defaultDatabase={databases.Index().First(d => d.Item == database).Index}";

    /// <param name="databases">One for each of those who share it.</param>
    /// <param name="arguments">More of its command line.</param>
    /// <param name="security">If not null: TLS, and one user with no more rights than docs/brokers/redis.md says a work queue and its store need.</param>
    /// <param name="disk">Where its data go; null for a scratch folder.</param>
    public static async Task<RedisServer> StartAsync(
        IEnumerable<string> databases, IReadOnlyList<string>? arguments = null, ServerSecurity? security = null, ServerDisk? disk = null, CancellationToken ct = default) =>
        await new RedisServer(Repository.NewScratchFolder("redis"), [.. databases], arguments ?? [], security, disk).StartedAsync(server => server.node.StartAsync(ct));

    public Task KillAsync() => node.KillAsync();

    public Task RestartAsync(CancellationToken ct = default) => ServerNodes.StartAllAsync([node], ct);

    /// <summary>What it says to this command. Not with <see cref="ServerSecurity"/>.</summary>
    public Task<string> CommandAsync(params IReadOnlyList<string> command) => CommandAsync(Port, command);

    public async ValueTask DisposeAsync()
    {
        await node.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    internal static async Task<string> CommandAsync(int port, IReadOnlyList<string> command)
    {
        var client = new Command(Path.Combine(Path.GetDirectoryName(Program!)!, "redis-cli"), ["-p", $"{port}", "-e", .. command]);
        return (await client.RunAsync()).EnsureSuccess().Output;
    }
}
