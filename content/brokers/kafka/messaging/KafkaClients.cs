using Confluent.Kafka;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Acme._1.Messaging.Kafka;

/// <summary>Builds the clients, all with the same address and credentials, and listens to what they report.</summary>
internal sealed partial class KafkaClients
{
    private const int DefaultBatchSize = 1_000_000;

    /// <summary>The highest that the client accepts.</summary>
    private const int NoLimit = 1_000_000_000;

    /// <summary>The client wants a name, and asks for the group's coordinator, which takes the right to describe it; nobody ever joins.</summary>
    private const string NoGroup = "acme-1.readers";

    private readonly Dictionary<string, string> _common;
    private readonly MessagingOptions _options;
    private readonly ILogger<KafkaClients> _logger;

    private volatile string? _lastError;

    public KafkaClients(
        IConfiguration configuration, IHostEnvironment environment, IOptions<MessagingOptions> options, ILogger<KafkaClients> logger)
    {
        _options = options.Value;
        _logger = logger;

        var common = configuration.GetSection($"{KafkaOptions.Section}:Client").Get<ClientConfig>() ?? new ClientConfig();
        common.BootstrapServers = configuration.GetBrokerConnectionString("localhost:9092");
        common.ClientId ??= environment.ApplicationName;
        common.ReconnectBackoffMaxMs ??= 2_000;
        _common = new(common);
    }

    /// <summary>What went wrong most recently with a connection, or null: requests that fail say only that they timed out.</summary>
    public string? LastError => _lastError;

    public void ForgetErrors() => _lastError = null;

    public IAdminClient CreateAdmin() => new AdminClientBuilder(new AdminClientConfig(new Dictionary<string, string>(_common)))
        .SetErrorHandler((_, error) => Report(error))
        .SetLogHandler((_, message) => Log(message))
        .Build();

    /// <param name="oneByOne">Each message travels alone, and is refused for itself only.</param>
    public IProducer<byte[]?, byte[]?> CreateProducer(bool oneByOne)
    {
        var config = ProducerSettings();
        config.BatchNumMessages = oneByOne ? 1 : null;
        return CreateProducer(config);
    }

    /// <summary>A member of a consumer group. Nothing is committed unless it is told to.</summary>
    public ConsumerBuilder<byte[]?, byte[]?> CreateGroupMember(string group)
    {
        var config = GroupMemberSettings(group);

        // Behind the last message there may be notes of transactions: only the end tells where the next one can be.
        config.EnablePartitionEof = true;
        return CreateConsumer(config);
    }

    /// <summary>A consumer that belongs to no group, for reading a topic from its beginning to its end.</summary>
    public IConsumer<byte[]?, byte[]?> CreateReader() => CreateConsumer(new ConsumerConfig(new Dictionary<string, string>(_common))
    {
        GroupId = NoGroup,
        EnableAutoCommit = false,
        EnableAutoOffsetStore = false,
        EnablePartitionEof = true,

        // The broker holds back the news that there is nothing more for as long.
        FetchWaitMaxMs = 10,
    }).Build();

    private ProducerConfig ProducerSettings() => new(new Dictionary<string, string>(_common))
    {
        Acks = Acks.All,
        EnableIdempotence = true,

        // What was not confirmed by then was reported as failed, and must not wait for the broker to come back.
        MessageTimeoutMs = (int)_options.PublishTimeout.TotalMilliseconds,

        // Whoever sends one message after the other would wait as long for each. What is sent meanwhile goes together.
        LingerMs = 0,

        // A topic's limit is on a batch, and refuses all of it: many small messages must not be one that is too large.
        BatchSize = Math.Min(DefaultBatchSize, KafkaTopology.MaxRecordBytes(_options)),

        // How large a record may be is for its topic to say. A copy must not fail here where there it would not.
        MessageMaxBytes = NoLimit,

        // The same key goes to the same partition, whether it was sent by this client or by Java's.
        Partitioner = Partitioner.Murmur2Random,
    };

    private ConsumerConfig GroupMemberSettings(string group) => new(new Dictionary<string, string>(_common))
    {
        GroupId = group,

        // Where the group has no offset yet: with the first message that is still there. From the end, it would miss
        // whatever was sent before it first came, and before it heard of a partition that was added.
        AutoOffsetReset = AutoOffsetReset.Earliest,
        EnableAutoCommit = false,
        EnableAutoOffsetStore = false,
        PartitionAssignmentStrategy = PartitionAssignmentStrategy.RoundRobin,

        // A partition that is new here or goes on after a pause is not asked for before the fetch under way is answered, and that
        // waits as long for the retry topics, which are empty mostly.
        FetchWaitMaxMs = 100,

        // The partitions take turns, each with as much as was fetched of it. With 1 MB, the default, that is thousands of small messages
        // of one, and it would soon be as far ahead of its commit as it may be, while the others have something to do. (A larger
        // message comes nevertheless.)
        MaxPartitionFetchBytes = 262_144,

        // How long a process that died keeps its partitions.
        SessionTimeoutMs = 10_000,
    };

    private IProducer<byte[]?, byte[]?> CreateProducer(ProducerConfig config) => new ProducerBuilder<byte[]?, byte[]?>(config)
        .SetErrorHandler((_, error) => Report(error))
        .SetLogHandler((_, message) => Log(message))
        .Build();

    private ConsumerBuilder<byte[]?, byte[]?> CreateConsumer(ConsumerConfig config) => new ConsumerBuilder<byte[]?, byte[]?>(Limit(config))
        .SetErrorHandler((_, error) => Report(error))
        .SetLogHandler((_, message) => Log(message));

    private ConsumerConfig Limit(ConsumerConfig config)
    {
        config.AllowAutoCreateTopics = false;

        // What was written in a transaction that was given up, never happened.
        config.IsolationLevel = IsolationLevel.ReadCommitted;

        var largest = KafkaTopology.MaxCopyBytes(_options);
        config.ReceiveMessageMaxBytes = Math.Max(100_000_000, largest + 1_000_000);

        // Fetched ahead of us, outside the managed memory: 64 MB by default.
        config.QueuedMaxMessagesKbytes = 16_384;

        // When that is full, so long until it looks whether there is room again. A second, as by default, is longer than it lasts.
        config.FetchQueueBackoffMs = 50;

        config.FetchMaxBytes = Math.Max(52_428_800, largest);
        return config;
    }

    private void Report(Error error)
    {
        // That all brokers are down follows from the reason, and does not tell it.
        if (error.Code is not ErrorCode.Local_AllBrokersDown)
        {
            _lastError = error.Reason;
        }

        LogError(error.Code, error.Reason);
    }

    private void Log(LogMessage message) => LogClient(message.Facility, message.Message);

    [LoggerMessage(LogLevel.Debug, "Kafka client: {Facility} {Text}")]
    private partial void LogClient(string facility, string text);

    [LoggerMessage(LogLevel.Debug, "Kafka client: {Code} {Reason}")]
    private partial void LogError(ErrorCode code, string reason);
}
