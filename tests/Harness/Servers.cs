using Npgsql;

namespace MqService.Harness;

/// <summary>
/// The servers that generated services need, each started when first needed and shared by all, or taken from
/// the environment: <c>MQ_RABBITMQ</c> (amqp://…), <c>MQ_KAFKA</c> (host:port), <c>MQ_NATS</c> (nats://…), <c>MQ_REDIS</c> (host:port)
/// and <c>MQ_POSTGRES</c> (an Npgsql connection string).
/// </summary>
/// <param name="combinations">The combinations that may ask for servers.</param>
/// <param name="purposes">What for: each combination has a part of each server to itself for each of them.</param>
/// <param name="nodes">How many servers a broker consists of.</param>
/// <param name="security">What the brokers ask of their clients; null for nothing to speak of. Several Redis are not told.</param>
/// <param name="disk">Where the broker's data go; null for scratch folders. Not for several.</param>
/// <param name="advertise">By the port of a Kafka broker, the one that its clients are told.</param>
public sealed class Servers(
    IReadOnlyCollection<Combination> combinations,
    IReadOnlyCollection<string> purposes,
    int nodes = 1,
    ServerSecurity? security = null,
    ServerDisk? disk = null,
    Func<int, int>? advertise = null) : IAsyncDisposable
{
    private readonly SemaphoreSlim gate = new(1);

    // Nothing in Kafka keeps two purposes of one combination apart: a broker for each. Combinations differ in their topics' names.
    private readonly Dictionary<string, KafkaServer> kafka = [];
    private RabbitMqServer? rabbitMq;
    private NatsServer? nats;
    private RedisServer? redis;
    private RedisSentinel? sentinel;
    private PostgresServer? postgres;

    public static string? ExternalRabbitMq => Environment.GetEnvironmentVariable("MQ_RABBITMQ");

    public static string? ExternalKafka => Environment.GetEnvironmentVariable("MQ_KAFKA");

    public static string? ExternalNats => Environment.GetEnvironmentVariable("MQ_NATS");

    public static string? ExternalRedis => Environment.GetEnvironmentVariable("MQ_REDIS");

    public static string? ExternalPostgres => Environment.GetEnvironmentVariable("MQ_POSTGRES");

    /// <summary>Whether its broker is the user's own: not one to kill.</summary>
    public static bool IsExternal(Combination combination) => combination["broker"] switch
    {
        "rabbitmq" => ExternalRabbitMq,
        "kafka" => ExternalKafka,
        "nats" => ExternalNats,
        "redis" => ExternalRedis,
        _ => null,
    } is not null;

    /// <summary>Why a combination cannot run here; null when it can.</summary>
    public static string? Missing(Combination combination) => combination["broker"] switch
    {
        "rabbitmq" when (ExternalRabbitMq ?? RabbitMqServer.Script) is null => "rabbitmq-server is not installed",
        "kafka" when (ExternalKafka ?? KafkaServer.Program) is null => "MQ_KAFKA_SERVER does not name a program that runs Kafka",
        "nats" when (ExternalNats ?? NatsServer.Program) is null => "nats-server is not installed",
        "redis" when (ExternalRedis ?? RedisServer.Program) is null => "redis-server is not installed",
        _ when NeedsPostgres(combination) && (ExternalPostgres ?? PostgresServer.ProgramFolder) is null => "postgresql is not installed",
        _ => null,
    };

    /// <summary>
    /// The connection strings of a combination as environment variables: an empty broker, or an empty part of one, and an empty database.
    /// </summary>
    public async Task<IReadOnlyDictionary<string, string?>> EnvironmentAsync(Combination combination, string purpose, CancellationToken ct = default)
    {
        await gate.WaitAsync(ct);
        try
        {
            var variables = new Dictionary<string, string?>();
            if (await BrokerAsync(combination, purpose, ct) is { } broker)
            {
                variables["ConnectionStrings__broker"] = broker;
                foreach (var (name, value) in Settings(combination))
                {
                    variables[name] = value;
                }
            }

            if (NeedsPostgres(combination))
            {
                var server = ExternalPostgres ?? (postgres ??= await PostgresServer.StartAsync(ct)).ConnectionString;
                variables["ConnectionStrings__postgres"] = await NewDatabaseAsync(server, $"mq_{combination}_{purpose}".Replace('-', '_'), ct);
            }

            return variables;
        }
        finally
        {
            gate.Release();
        }
    }

    /// <summary>The broker of a combination that has its environment; null for memory, and for a server that is not ours.</summary>
    public IServer? BrokerOf(Combination combination, string purpose) => combination["broker"] switch
    {
        "rabbitmq" => rabbitMq,
        "kafka" => kafka.GetValueOrDefault(purpose),
        "nats" => nats,
        "redis" => (IServer?)sentinel ?? redis,
        _ => null,
    };

    /// <summary>The database server; null for one that is not ours, or not needed.</summary>
    public IServer? Store => postgres;

    /// <summary>What belongs to a combination on each server: a virtual host, an account or a database.</summary>
    public static string PartOf(Combination combination, string purpose) => $"{combination}-{purpose}";

    public async ValueTask DisposeAsync()
    {
        if (rabbitMq is not null)
        {
            await rabbitMq.DisposeAsync();
        }

        foreach (var broker in kafka.Values)
        {
            await broker.DisposeAsync();
        }

        if (nats is not null)
        {
            await nats.DisposeAsync();
        }

        if (redis is not null)
        {
            await redis.DisposeAsync();
        }

        if (sentinel is not null)
        {
            await sentinel.DisposeAsync();
        }

        if (postgres is not null)
        {
            await postgres.DisposeAsync();
        }

        gate.Dispose();
    }

    private static bool NeedsPostgres(Combination combination) => combination["store"] == "postgres";

    private async Task<string?> BrokerAsync(Combination combination, string purpose, CancellationToken ct) => combination["broker"] switch
    {
        "rabbitmq" => ExternalRabbitMq ?? (rabbitMq ??= await RabbitMqServer.StartAsync(Parts("rabbitmq"), nodes, security, disk, ct)).ConnectionString(PartOf(combination, purpose)),
        "kafka" => ExternalKafka ?? await KafkaAsync(purpose, ct),
        "nats" => ExternalNats ?? (nats ??= await NatsServer.StartAsync(Parts("nats"), nodes, security, disk, ct)).ConnectionString(PartOf(combination, purpose)),
        "redis" when nodes > 1 => (sentinel ??= await RedisSentinel.StartAsync(ct)).ConnectionString,
        "redis" => ExternalRedis ?? (redis ??= await RedisServer.StartAsync(Parts("redis"), security: security, disk: disk, ct: ct)).ConnectionString(PartOf(combination, purpose)),
        _ => null,
    };

    /// <summary>What a service has to be told beside the connection string: to use more than one server, and for Kafka its user and whom to trust.</summary>
    private Dictionary<string, string?> Settings(Combination combination) => combination["broker"] switch
    {
        "kafka" when security is not null => new()
        {
            ["Messaging__Kafka__Client__SecurityProtocol"] = "SaslSsl",
            ["Messaging__Kafka__Client__SaslMechanism"] = "Plain",
            ["Messaging__Kafka__Client__SaslUsername"] = ServerSecurity.User,
            ["Messaging__Kafka__Client__SaslPassword"] = security.Password,
            ["Messaging__Kafka__Client__SslCaLocation"] = security.CaFile,
        },
        "nats" when nodes > 1 => new() { ["Messaging__Nats__Replicas"] = $"{nodes}" },
        "kafka" when nodes > 1 => new() { ["Messaging__Kafka__ReplicationFactor"] = $"{nodes}" },
        "redis" when nodes > 1 => new() { ["Messaging__Redis__Replicas"] = "1" },
        _ => [],
    };

    /// <summary>One for each combination of this broker and each purpose: a virtual host, an account or a numbered database.</summary>
    private IEnumerable<string> Parts(string broker) =>
        combinations.Where(c => c["broker"] == broker).SelectMany(c => purposes.Select(p => PartOf(c, p)));

    private async Task<string> KafkaAsync(string purpose, CancellationToken ct)
    {
        if (!kafka.TryGetValue(purpose, out var broker))
        {
            kafka[purpose] = broker = await KafkaServer.StartAsync(nodes, advertise, security, disk, ct);
        }

        return broker.ConnectionString;
    }

    private static async Task<string> NewDatabaseAsync(string server, string name, CancellationToken ct)
    {
        await using var connection = new NpgsqlConnection(server + ";Pooling=false");
        await connection.OpenAsync(ct);
        foreach (var statement in (string[])[$"DROP DATABASE IF EXISTS {name} WITH (FORCE)", $"CREATE DATABASE {name}"])
        {
#pragma warning disable CA2100 // The name comes from the choices in template.json.
            await using var command = new NpgsqlCommand(statement, connection);
#pragma warning restore CA2100
            await command.ExecuteNonQueryAsync(ct);
        }

        return new NpgsqlConnectionStringBuilder(server) { Database = name }.ConnectionString;
    }
}
