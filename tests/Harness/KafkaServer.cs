using System.Globalization;
using Confluent.Kafka;
using Confluent.Kafka.Admin;

namespace MqService.Harness;

/// <summary>
/// Kafka of our own, one broker or several. Its distributions have no common way to start one, so the environment names a program
/// that runs a broker in the foreground, on the loopback address: <c>MQ_KAFKA_SERVER</c>, called with port and data folder, and
/// with a file of settings where there are some that have to be ours.
/// </summary>
public sealed class KafkaServer : ICluster
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    private readonly string folder;
    private readonly IReadOnlyList<ServerNode> nodes;

    private readonly ServerSecurity? security;
    private readonly ServerDisk? disk;
    private readonly string trusted;

    private KafkaServer(string folder, int count, Func<int, int>? advertise, ServerSecurity? security, ServerDisk? disk)
    {
        this.folder = folder;
        this.security = security;
        this.disk = disk;
        var ports = Ports.Free(3 * count);
        var controllers = ports[count..(2 * count)];
        var between = ports[(2 * count)..];
        trusted = string.Join(',', between.Select(port => $"127.0.0.1:{port}"));
        var advertised = ports.Take(count).Select(port => advertise?.Invoke(port) ?? port).ToArray();
        ConnectionString = string.Join(',', advertised.Select(port => $"127.0.0.1:{port}"));
        nodes = [.. Enumerable.Range(0, count).Select(n => new ServerNode(
            $"{n + 1}",
            ports[n],
            ct => StartBrokerAsync(ports[n], count == 1 && advertise is null && security is null ? null : Settings(n, ports[n], advertised[n], between[n], controllers), ct)))];
    }

    public static string? Program { get; } = Environment.GetEnvironmentVariable("MQ_KAFKA_SERVER");

    public string ConnectionString { get; }

    /// <param name="count">How many brokers; each is a controller too.</param>
    /// <param name="advertise">By the port of a broker, the one that clients are told: that of a proxy before it.</param>
    /// <param name="security">If not null: TLS, and one user with no more rights than docs/brokers/kafka.md says a work queue needs.</param>
    /// <param name="disk">Where its data go; null for a scratch folder.</param>
    public static async Task<KafkaServer> StartAsync(
        int count = 1, Func<int, int>? advertise = null, ServerSecurity? security = null, ServerDisk? disk = null, CancellationToken ct = default) =>
        await new KafkaServer(Repository.NewScratchFolder("kafka"), count, advertise, security, disk).StartedAsync(async server =>
        {
            await server.nodes.StartAllAsync(ct);
            await server.GrantAsync();
        });

    public Task KillAsync() => nodes.KillAllAsync();

    public Task RestartAsync(CancellationToken ct = default) => nodes.StartAllAsync(ct);

    /// <summary>Each broker leads some partitions of every topic, about as many as the others: any will do.</summary>
    public async Task<string> KillLeaderAsync(string part, string destination)
    {
        await nodes[0].KillAsync();
        return nodes[0].Name;
    }

    /// <summary>From now on a message for one of these topics is confirmed when so many brokers have it, and refused when fewer could. Several brokers only.</summary>
    public async Task RequireReplicasAsync(IEnumerable<string> topics, int count)
    {
        using var admin = NewAdmin();
        await admin.IncrementalAlterConfigsAsync(topics.ToDictionary(
            topic => new ConfigResource { Type = ResourceType.Topic, Name = topic },
            _ => new List<ConfigEntry> { new() { Name = "min.insync.replicas", Value = $"{count}", IncrementalOperation = AlterConfigOpType.Set } }));
    }

    /// <summary>The topics whose names begin so, when the brokers that are alive agree that the dead ones have none of their partitions any more.</summary>
    public async Task<IReadOnlyList<string>> WithoutTheDeadAsync(string prefix)
    {
        using var admin = NewAdmin();
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        var dead = nodes.Where(node => !node.IsRunning).Select(node => int.Parse(node.Name, CultureInfo.InvariantCulture)).ToHashSet();
        while (true)
        {
            var topics = admin.GetMetadata(Timeout).Topics.Where(topic => topic.Topic.StartsWith(prefix, StringComparison.Ordinal)).ToList();
            if (topics.SelectMany(topic => topic.Partitions).All(partition => partition.Leader > 0 && !partition.InSyncReplicas.Any(dead.Contains)))
            {
                return [.. topics.Select(topic => topic.Topic)];
            }

            // Metadata are there to be asked for, and nobody says when they change.
            await Task.Delay(200, patience.Token);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await nodes.DisposeAllAsync();
        Directory.Delete(folder, recursive: true);
    }

    private string Settings(int index, int port, int advertised, int between, int[] controllers) => $"""
        process.roles=broker,controller
        node.id={index + 1}
        controller.quorum.voters={string.Join(',', controllers.Select((controller, n) => $"{n + 1}@127.0.0.1:{controller}"))}
        controller.listener.names=CONTROLLER
        listener.security.protocol.map=CONTROLLER:PLAINTEXT,INTERNAL:PLAINTEXT,CLIENTS:{(security is null ? "PLAINTEXT" : "SASL_SSL")}
        inter.broker.listener.name=INTERNAL
        listeners=CLIENTS://127.0.0.1:{port},INTERNAL://127.0.0.1:{between},CONTROLLER://127.0.0.1:{controllers[index]}
        advertised.listeners=CLIENTS://127.0.0.1:{advertised},INTERNAL://127.0.0.1:{between}
        default.replication.factor={controllers.Length}
        min.insync.replicas={controllers.Length / 2 + 1}
        offsets.topic.replication.factor={controllers.Length}
        transaction.state.log.replication.factor={controllers.Length}
        transaction.state.log.min.isr={controllers.Length / 2 + 1}
        {(security is null ? "" : Settings(security))}

        """;

    /// <summary>The brokers trust each other, and us: whoever comes over their own listeners may do everything.</summary>
    private static string Settings(ServerSecurity security) => $"""
        listener.name.clients.sasl.enabled.mechanisms=PLAIN
        listener.name.clients.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_{ServerSecurity.User}="{security.Password}";
        listener.name.clients.ssl.keystore.type=PEM
        listener.name.clients.ssl.keystore.location={security.CertificateAndKeyFile}
        authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
        super.users=User:ANONYMOUS
        """;

    /// <summary>Over the listener on which the brokers trust whoever comes.</summary>
    private IAdminClient NewAdmin() => new AdminClientBuilder(new AdminClientConfig { BootstrapServers = trusted })
        .SetLogHandler((_, _) => { }) // It is known which brokers are dead.
        .Build();

    private async Task GrantAsync()
    {
        if (security is null)
        {
            return;
        }

        using var admin = NewAdmin();
        var orders = $"{security.Prefix}.orders";
        await admin.CreateAclsAsync(
        [
            .. new[] { AclOperation.Read, AclOperation.Write, AclOperation.DescribeConfigs, AclOperation.Create }
                .Select(operation => Allow(ResourceType.Topic, ResourcePatternType.Prefixed, orders, operation)),
            Allow(ResourceType.Group, ResourcePatternType.Literal, orders, AclOperation.Read),
            Allow(ResourceType.Group, ResourcePatternType.Literal, $"{security.Prefix}.readers", AclOperation.Describe),
        ]);

        static AclBinding Allow(ResourceType type, ResourcePatternType pattern, string name, AclOperation operation) => new()
        {
            Pattern = new() { Type = type, ResourcePatternType = pattern, Name = name },
            Entry = new() { Principal = $"User:{ServerSecurity.User}", Host = "*", Operation = operation, PermissionType = AclPermissionType.Allow },
        };
    }

    private async Task<ServerProcess> StartBrokerAsync(int port, string? settings, CancellationToken ct)
    {
        List<string> arguments = [$"{port}", disk?.DataFolder ?? Directory.CreateDirectory(Path.Combine(folder, $"{port}")).FullName];
        if (settings is not null)
        {
            var file = Path.Combine(folder, $"{port}.properties");
            await File.WriteAllTextAsync(file, settings, ct);
            arguments.Add(file);
        }

        var command = new Command(Program!, arguments) { Timeout = TimeSpan.FromMinutes(2) };
        return await ServerProcess.StartAsync(disk?.Enter(command) ?? command, (_, t) => ServerProcess.ListensAsync(port, t), ct);
    }
}
