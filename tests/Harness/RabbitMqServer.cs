using System.Text.Json;

namespace MqService.Harness;

/// <summary>A RabbitMQ node of our own: own name, ports, data and cookie, so that it never meets one that is already there.</summary>
public sealed class RabbitMqServer : IServer
{
    // Not the wrapper in /usr/sbin: that one switches to the system's account and its data.
    private static readonly string[] ScriptFolders = ["/usr/lib/rabbitmq/bin", "/opt/homebrew/opt/rabbitmq/sbin", "/usr/local/opt/rabbitmq/sbin", "/usr/local/sbin"];

    private readonly ServerProcess epmd;
    private readonly Func<CancellationToken, Task<ServerProcess>> start;
    private readonly string folder;
    private readonly int port;
    private readonly ServerSecurity? security;
    private ServerProcess node;

    private RabbitMqServer(
        ServerProcess epmd, ServerProcess node, Func<CancellationToken, Task<ServerProcess>> start, string folder, int port, ServerSecurity? security)
    {
        this.security = security;
        this.start = start;
        this.epmd = epmd;
        this.node = node;
        this.folder = folder;
        this.port = port;
    }

    /// <summary>A user that is not the services', with the same rights. Its password is its name.</summary>
    public const string Stranger = "stranger";

    public static string? Script { get; } =
        ScriptFolders.Select(f => Path.Combine(f, "rabbitmq-server")).FirstOrDefault(File.Exists);

    public string ConnectionString(string virtualHost) => security is null
        ? $"amqp://mq:mq@127.0.0.1:{port}/{virtualHost}"
        : $"amqps://{ServerSecurity.User}:{security.Password}@localhost:{port}/{virtualHost}";

    /// <param name="security">If not null: TLS, and a user with no more rights than docs/brokers/rabbitmq.md says a work queue needs.</param>
    public static async Task<RabbitMqServer> StartAsync(IEnumerable<string> virtualHosts, ServerSecurity? security = null, CancellationToken ct = default)
    {
        var folder = Repository.NewScratchFolder("rabbitmq");
        var (port, distributionPort, epmdPort) = Ports.Free(3) switch { var p => (p[0], p[1], p[2]) };

        // Created at boot: one `rabbitmqctl` for each would take seconds each.
        var hosts = virtualHosts.ToList();
        var users = security is null
            ? ["mq", Stranger]
            : new[] { ServerSecurity.User };
        var own = $@"{security?.Prefix}\.orders.*";
        var definitions = Path.Combine(folder, "definitions.json");
        await File.WriteAllTextAsync(definitions, JsonSerializer.Serialize(new
        {
            users = users.Select(name => new { name, password = security?.Password ?? name, tags = security is null ? "administrator" : "" }),
            vhosts = hosts.Select(name => new { name }),
            permissions = hosts.SelectMany(vhost => users.Select(user => security is null
                ? new { user, vhost, configure = ".*", write = ".*", read = ".*" }
                : new { user, vhost, configure = $"^{own}", write = $"^({own}|amq\\.default)$", read = $"^{own}" })),
        }), ct);
        var configuration = Path.Combine(folder, "rabbitmq.conf");
        await File.WriteAllTextAsync(configuration, $"""
            {(security is null ? $"listeners.tcp.1 = 127.0.0.1:{port}" : $"""
                listeners.tcp = none
                listeners.ssl.1 = 127.0.0.1:{port}
                ssl_options.certfile = {security.CertificateFile}
                ssl_options.keyfile = {security.KeyFile}
                ssl_options.cacertfile = {security.CaFile}
                """)}
            load_definitions = {definitions}
            disk_free_limit.absolute = 50MB
            log.console = true
            log.console.level = warning
            log.file = false

            """, ct);
        var plugins = Path.Combine(folder, "enabled_plugins");
        await File.WriteAllTextAsync(plugins, "[].", ct);

        var environment = new Dictionary<string, string?>
        {
            ["HOME"] = folder,
            ["ERL_EPMD_PORT"] = $"{epmdPort}",
            ["ERL_EPMD_ADDRESS"] = "127.0.0.1",
            ["RABBITMQ_NODENAME"] = $"mq{port}@localhost",
            ["RABBITMQ_DIST_PORT"] = $"{distributionPort}",
            ["RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS"] = "-kernel inet_dist_use_interface {127,0,0,1}",
            ["RABBITMQ_BASE"] = folder,
            ["RABBITMQ_MNESIA_BASE"] = Path.Combine(folder, "data"),
            ["RABBITMQ_LOG_BASE"] = Path.Combine(folder, "log"),
            ["RABBITMQ_CONFIG_FILE"] = configuration,
            ["RABBITMQ_CONF_ENV_FILE"] = "/dev/null",
            ["RABBITMQ_ENABLED_PLUGINS_FILE"] = plugins,
            ["RABBITMQ_PID_FILE"] = Path.Combine(folder, "pid"),
        };

        // As our child: the node would otherwise start one as a daemon, which outlives it.
        var epmd = await ServerProcess.StartAsync(
            new Command("epmd", "-port", $"{epmdPort}", "-address", "127.0.0.1"),
            (_, t) => ServerProcess.ListensAsync(epmdPort, t),
            ct);
        try
        {
            return new RabbitMqServer(epmd, await StartNodeAsync(ct), StartNodeAsync, folder, port, security);
        }
        catch
        {
            await epmd.DisposeAsync();
            throw;
        }

        Task<ServerProcess> StartNodeAsync(CancellationToken token) => ServerProcess.StartAsync(
            new Command(Script!) { Environment = environment, Timeout = TimeSpan.FromMinutes(2) },
            // The listener opens last, after the definitions are in.
            (_, t) => ServerProcess.ListensAsync(port, t),
            token);
    }

    public Task KillAsync() => node.KillAsync();

    public async Task RestartAsync(CancellationToken ct = default) => node = await start(ct);

    public async ValueTask DisposeAsync()
    {
        await node.DisposeAsync();
        await epmd.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }
}
