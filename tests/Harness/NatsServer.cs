namespace MqService.Harness;

/// <summary>A NATS server of our own with JetStream, on a free port, with its data in a scratch folder.</summary>
public sealed class NatsServer : IServer
{
    private const string Password = "nats";


    private readonly Func<CancellationToken, Task<ServerProcess>> start;
    private readonly string folder;
    private readonly int port;
    private readonly ServerSecurity? security;
    private ServerProcess process;

    private NatsServer(
        ServerProcess process, Func<CancellationToken, Task<ServerProcess>> start, string folder, int port, ServerSecurity? security)
    {
        this.security = security;
        this.start = start;
        this.process = process;
        this.folder = folder;
        this.port = port;
    }

    public static string? Program { get; } =
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Append("/usr/sbin")
        .Select(f => Path.Combine(f, "nats-server"))
        .FirstOrDefault(File.Exists);

    /// <summary>A user with an account of its own: the streams of one account are nothing to the others.</summary>
    public string ConnectionString(string account) => security is null
        ? $"nats://{account}:{Password}@127.0.0.1:{port}"
        : $"tls://{ServerSecurity.User}:{security.Password}@localhost:{port}";

    /// <param name="security">If not null: TLS, and one user with no more rights than docs/brokers/nats.md says a work queue needs.</param>
    public static async Task<NatsServer> StartAsync(IEnumerable<string> accounts, ServerSecurity? security = null, CancellationToken ct = default)
    {
        var folder = Repository.NewScratchFolder("nats");
        var port = Ports.Free(1)[0];
        var configuration = Path.Combine(folder, "nats.conf");
        await File.WriteAllTextAsync(configuration, $$"""
            listen: "127.0.0.1:{{port}}"
            jetstream { store_dir: "{{folder}}" }
            {{(security is null ? $$"""
                accounts {
                {{string.Join('\n', accounts.Select(a => $$"""  "{{a}}": { jetstream: enabled, users: [ { user: "{{a}}", password: "{{Password}}" } ] }"""))}}
                }
                """ : $$"""
                tls { cert_file: "{{security.CertificateFile}}", key_file: "{{security.KeyFile}}" }
                accounts {
                  services: { jetstream: enabled, users: [ { user: "{{ServerSecurity.User}}", password: "{{security.Password}}", permissions: {
                    publish: ["{{security.Prefix}}.>", "$JS.API.>", "$JS.ACK.>", "$KV.>"], subscribe: ["_INBOX.>"] } } ] }
                }
                """)}}

            """, ct);
        return new NatsServer(await StartServerAsync(ct), StartServerAsync, folder, port, security);

        Task<ServerProcess> StartServerAsync(CancellationToken token) => ServerProcess.StartAsync(
            new Command(Program!, "-c", configuration) { Timeout = TimeSpan.FromMinutes(1) },
            // It listens once JetStream is up.
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
