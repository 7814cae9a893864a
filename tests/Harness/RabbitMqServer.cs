using System.Text.Json;
using System.Text.Json.Nodes;

namespace MqService.Harness;

/// <summary>A RabbitMQ of our own, one node or several: own names, ports, data and cookie, so that it never meets one that is already there.</summary>
public sealed class RabbitMqServer : ICluster
{
    // Not the wrapper in /usr/sbin: that one switches to the system's account and its data.
    private static readonly string[] ScriptFolders = ["/usr/lib/rabbitmq/bin", "/opt/homebrew/opt/rabbitmq/sbin", "/usr/local/opt/rabbitmq/sbin", "/usr/local/sbin"];

    /// <summary>A user that is not the services', with the same rights. Its password is its name.</summary>
    public const string Stranger = "stranger";

    private readonly string folder;
    private readonly int epmdPort;
    private readonly ServerSecurity? security;
    private readonly ServerDisk? disk;
    private readonly IReadOnlyList<ServerNode> nodes;
    private readonly ServerProcess epmd;

    private RabbitMqServer(string folder, ServerProcess epmd, int epmdPort, int count, ServerSecurity? security, ServerDisk? disk)
    {
        this.folder = folder;
        this.epmd = epmd;
        this.epmdPort = epmdPort;
        this.security = security;
        this.disk = disk;
        var ports = Ports.Free(2 * count);
        nodes = [.. ports.Take(count).Zip(ports.Skip(count), (port, distributionPort) => new ServerNode(
            NameOf(port), port, ct => StartNodeAsync(port, distributionPort, first: ports[0], ct)))];
    }

    public static string? Script { get; } =
        ScriptFolders.Select(f => Path.Combine(f, "rabbitmq-server")).FirstOrDefault(File.Exists);

    public string ConnectionString(string virtualHost) => security is null
        ? $"amqp://mq:mq@{Addresses("127.0.0.1")}/{virtualHost}"
        : $"amqps://{ServerSecurity.User}:{security.Password}@{Addresses("localhost")}/{virtualHost}";

    /// <param name="virtualHosts">One for each of those who share it.</param>
    /// <param name="count">How many nodes.</param>
    /// <param name="security">If not null: TLS, and a user with no more rights than docs/brokers/rabbitmq.md says a work queue needs.</param>
    /// <param name="disk">Where its data go; null for a scratch folder.</param>
    public static async Task<RabbitMqServer> StartAsync(
        IEnumerable<string> virtualHosts, int count = 1, ServerSecurity? security = null, ServerDisk? disk = null, CancellationToken ct = default)
    {
        var folder = Repository.NewScratchFolder("rabbitmq");

        // Created at boot: one `rabbitmqctl` for each would take seconds each.
        var hosts = virtualHosts.ToList();
        string[] users = security is null ? ["mq", Stranger] : [ServerSecurity.User];
        var own = $@"{security?.Prefix}\.orders.*";
        await File.WriteAllTextAsync(Path.Combine(folder, "definitions.json"), JsonSerializer.Serialize(new
        {
            users = users.Select(name => new { name, password = security?.Password ?? name, tags = security is null ? "administrator" : "" }),
            vhosts = hosts.Select(name => new { name }),
            permissions = hosts.SelectMany(vhost => users.Select(user => security is null
                ? new { user, vhost, configure = ".*", write = ".*", read = ".*" }
                : new { user, vhost, configure = $"^{own}", write = $"^({own}|amq\\.default)$", read = $"^{own}" })),
        }), ct);
        await File.WriteAllTextAsync(Path.Combine(folder, "enabled_plugins"), "[].", ct);

        // As our child: the node would otherwise start one as a daemon, which outlives it.
        var epmdPort = Ports.Free(1)[0];
        var epmd = await ServerProcess.StartAsync(
            new Command("epmd", "-port", $"{epmdPort}", "-address", "127.0.0.1"),
            (_, t) => ServerProcess.ListensAsync(epmdPort, t),
            ct);
        return await new RabbitMqServer(folder, epmd, epmdPort, count, security, disk).StartedAsync(async server =>
        {
            // The others join the first.
            await server.nodes[0].StartAsync(ct);
            await server.nodes.StartAllAsync(ct);
        });
    }

    public Task KillAsync() => nodes.KillAllAsync();

    public Task RestartAsync(CancellationToken ct = default) => nodes.StartAllAsync(ct);

    public async Task<string> KillLeaderAsync(string part, string destination)
    {
        var queues = JsonNode.Parse(await ControlAsync("list_queues", "-p", part, "name", "leader", "--formatter", "json"))!.AsArray();
        var leader = (string)queues.Single(queue => (string?)queue!["name"] == destination)!["leader"]!;
        await nodes.Single(node => node.Name == leader).KillAsync();
        return leader;
    }

    /// <summary>What `rabbitmqctl` says to this command.</summary>
    public async Task<string> ControlAsync(params IReadOnlyList<string> arguments)
    {
        var node = nodes.First(node => node.IsRunning);
        var command = new Command(Path.Combine(Path.GetDirectoryName(Script!)!, "rabbitmqctl"), ["--quiet", .. arguments])
        {
            Environment = EnvironmentOf(node.Name),
        };
        return (await command.RunAsync()).EnsureSuccess().Output;
    }

    public async ValueTask DisposeAsync()
    {
        await nodes.DisposeAllAsync();
        await epmd.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    private static string NameOf(int port) => $"mq{port}@localhost";

    private string Addresses(string host) => string.Join(',', nodes.Select(node => $"{host}:{node.Port}"));

    private async Task<ServerProcess> StartNodeAsync(int port, int distributionPort, int first, CancellationToken ct)
    {
        var configuration = Path.Combine(folder, $"{port}.conf");
        var listener = security is null ? $"listeners.tcp.1 = 127.0.0.1:{port}" : $"""
            listeners.tcp = none
            listeners.ssl.1 = 127.0.0.1:{port}
            ssl_options.certfile = {security.CertificateFile}
            ssl_options.keyfile = {security.KeyFile}
            ssl_options.cacertfile = {security.CaFile}
            """;
        await File.WriteAllTextAsync(configuration, $"""
            {listener}
            load_definitions = {Path.Combine(folder, "definitions.json")}
            cluster_formation.peer_discovery_backend = classic_config
            cluster_formation.classic_config.nodes.1 = {NameOf(first)}
            disk_free_limit.absolute = 50MB
            log.console = true
            log.console.level = info
            log.file = false

            """, ct);
        var environment = new Dictionary<string, string?>(EnvironmentOf(NameOf(port)))
        {
            ["RABBITMQ_DIST_PORT"] = $"{distributionPort}",

            // With the second part its threads sleep when there is nothing to do: by default they spin a while, and there may be three nodes.
            ["RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS"] = "-kernel inet_dist_use_interface {127,0,0,1} +sbwt none +sbwtdcpu none +sbwtdio none",
            ["RABBITMQ_CONFIG_FILE"] = configuration,
            ["RABBITMQ_PID_FILE"] = Path.Combine(folder, $"{port}.pid"),
        };

        // It takes some five seconds of processor time. A machine with a load of 25 took 100 to give it that.
        var command = new Command(Script!) { Environment = environment, Timeout = TimeSpan.FromMinutes(5) };
        return await ServerProcess.StartAsync(
            disk?.Enter(command) ?? command,
            // The listener opens last, after the definitions are in.
            (_, t) => ServerProcess.ListensAsync(port, t),
            ct);
    }

    private Dictionary<string, string?> EnvironmentOf(string node) => new()
    {
        // The cookie in there lets them talk to each other.
        ["HOME"] = folder,
        ["ERL_EPMD_PORT"] = $"{epmdPort}",
        ["ERL_EPMD_ADDRESS"] = "127.0.0.1",
        ["RABBITMQ_NODENAME"] = node,
        ["RABBITMQ_BASE"] = folder,
        ["RABBITMQ_MNESIA_BASE"] = disk?.DataFolder ?? Path.Combine(folder, "data"),
        ["RABBITMQ_LOG_BASE"] = Path.Combine(folder, "log"),
        ["RABBITMQ_CONF_ENV_FILE"] = "/dev/null",
        ["RABBITMQ_ENABLED_PLUGINS_FILE"] = Path.Combine(folder, "enabled_plugins"),
    };
}
