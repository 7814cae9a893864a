namespace MqService.Harness;

/// <summary>A NATS server of our own with JetStream, on a free port, with its data in a scratch folder.</summary>
public sealed class NatsServer : IAsyncDisposable
{
    private const string Password = "nats";

    private readonly ServerProcess process;
    private readonly string folder;
    private readonly int port;

    private NatsServer(ServerProcess process, string folder, int port)
    {
        this.process = process;
        this.folder = folder;
        this.port = port;
    }

    public static string? Program { get; } =
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Append("/usr/sbin")
        .Select(f => Path.Combine(f, "nats-server"))
        .FirstOrDefault(File.Exists);

    /// <summary>A user with an account of its own: the streams of one account are nothing to the others.</summary>
    public string ConnectionString(string account) => $"nats://{account}:{Password}@127.0.0.1:{port}";

    public static async Task<NatsServer> StartAsync(IEnumerable<string> accounts, CancellationToken ct = default)
    {
        var folder = Repository.NewScratchFolder("nats");
        var port = Ports.Free(1)[0];
        var configuration = Path.Combine(folder, "nats.conf");
        await File.WriteAllTextAsync(configuration, $$"""
            listen: "127.0.0.1:{{port}}"
            jetstream { store_dir: "{{folder}}" }
            accounts {
            {{string.Join('\n', accounts.Select(a => $$"""  "{{a}}": { jetstream: enabled, users: [ { user: "{{a}}", password: "{{Password}}" } ] }"""))}}
            }

            """, ct);
        var process = await ServerProcess.StartAsync(
            new Command(Program!, "-c", configuration) { Timeout = TimeSpan.FromMinutes(1) },
            // It listens once JetStream is up.
            (_, t) => ServerProcess.ListensAsync(port, t),
            ct);
        return new NatsServer(process, folder, port);
    }

    public async ValueTask DisposeAsync()
    {
        await process.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }
}
