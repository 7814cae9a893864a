namespace MqService.Harness.Faults;

/// <summary>A broker that is there, and takes no more of something.</summary>
/// <param name="BeginAsync">From now on it refuses.</param>
/// <param name="EndAsync">All is well again.</param>
internal sealed record Refusal(Func<Task> BeginAsync, Func<Task> EndAsync)
{
    private const long Unlimited = -1;

    /// <summary>What is there when it begins may be removed: not the service's fault, and so to be avoided.</summary>
    public bool DropsWhatIsThere { get; init; }

    /// <summary>What is there can be handled and acknowledged meanwhile, which is how there comes to be room.</summary>
    public bool LetsConsumersGoOn { get; init; }

    /// <summary>There is no room for what has failed, be it for a retry or for good.</summary>
    public static Refusal OfFailures(FaultRun run) => run.Broker switch
    {
        RabbitMqServer rabbitMq => new(
            () => LimitAsync(rabbitMq, run, 0),
            () => LimitAsync(rabbitMq, run, 1_000_000)),
        NatsServer nats => new(() => LimitAsync(nats, run, 1, ".retry", ".dlq"), () => LimitAsync(nats, run, Unlimited, ".retry", ".dlq")),

        // Redis is full as a whole or not at all. Keys that are something else refuse just as well.
        RedisServer redis => new(
            () => EachAsync([".retry", ".dlq"], async suffix =>
            {
                await redis.CommandAsync("RENAME", $"{{{run.Destination}}}{suffix}", $"{{{run.Destination}}}{suffix}.aside");
                await redis.CommandAsync("SET", $"{{{run.Destination}}}{suffix}", "in the way");
            }),
            () => EachAsync([".retry", ".dlq"], suffix =>
                redis.CommandAsync("RENAME", $"{{{run.Destination}}}{suffix}.aside", $"{{{run.Destination}}}{suffix}"))),
        KafkaServer kafka => OfMissingReplica(kafka, run, topic => topic.Contains(".retry.", StringComparison.Ordinal) || topic.EndsWith(".dlq", StringComparison.Ordinal)),
        var broker => throw new FaultException($"It is not known how to make {broker} refuse."),
    };

    /// <summary>There is no room for anything that is sent.</summary>
    public static Refusal OfEverything(FaultRun run) => run.Broker switch
    {
        // An alarm: publishers are not read from any more.
        RabbitMqServer rabbitMq => new(
            () => rabbitMq.ControlAsync("set_vm_memory_high_watermark", "0.0001"),
            () => rabbitMq.ControlAsync("set_vm_memory_high_watermark", "0.4"))
        {
            // MassTransit publishes and acknowledges over one connection, and RabbitMQ reads neither.
            LetsConsumersGoOn = run.Library == "native",
        },
        NatsServer nats => new(() => LimitAsync(nats, run, 1, ""), () => LimitAsync(nats, run, Unlimited, "")) { DropsWhatIsThere = true, LetsConsumersGoOn = true },
        RedisServer redis => new(
            () => redis.CommandAsync("CONFIG", "SET", "maxmemory", "1"),
            () => redis.CommandAsync("CONFIG", "SET", "maxmemory", "0")),

        // Consumers go on in the partitions that they have begun, and begin no others: there is no room for the note about that either.
        KafkaServer kafka => OfMissingReplica(kafka, run, _ => true),
        var broker => throw new FaultException($"It is not known how to fill {broker}."),
    };

    /// <summary>The disk is full. A broker that dies of it is started again when it is not any more, as an orchestrator would.</summary>
    public static Refusal OfTheDisk(FaultRun run) => new(
        () =>
        {
            // RabbitMQ is told to take nothing when there are less than 50 MB left, and is not meant to come to the last.
            run.Disk!.Fill(megabytesLeft: run.Broker is RabbitMqServer ? 20 : 0);
            return Task.CompletedTask;
        },
        async () =>
        {
            run.Disk!.Empty();
            if (run.Broker is NatsServer)
            {
                // It lives on, without JetStream until it is started again; its /healthz says so to whoever orchestrates.
                await run.Broker.KillAsync();
            }

            await run.Broker.RestartAsync();
        });

    /// <summary>
    /// Kafka knows no full topic; what it knows is one with too few replicas. One of three brokers is dead, and these topics ask for
    /// all three. A single broker would refuse nothing: since KIP-966 Kafka never asks for more replicas than a topic has.
    /// </summary>
    private static Refusal OfMissingReplica(KafkaServer kafka, FaultRun run, Func<string, bool> refuses)
    {
        IReadOnlyList<string> topics = [];
        return new(
            async () =>
            {
                await kafka.KillLeaderAsync(run.Part, run.Destination);
                topics = [.. (await kafka.WithoutTheDeadAsync(run.Destination)).Where(refuses)];
                await kafka.RequireReplicasAsync(topics, 3);
            },
            async () =>
            {
                await kafka.RequireReplicasAsync(topics, 2);
                await kafka.RestartAsync();
            });
    }

    private static Task<string> LimitAsync(RabbitMqServer rabbitMq, FaultRun run, int messages) => rabbitMq.ControlAsync(
        "set_policy",
        "-p", run.Part,
        "--apply-to", "queues",
        "full",
        $@"^{run.Destination}(\.retry\..*|\.dlq|_error)$",
        $$"""{"max-length":{{messages}},"overflow":"reject-publish"}""");

    private static Task LimitAsync(NatsServer nats, FaultRun run, long bytes, params string[] suffixes) => EachAsync(suffixes, async suffix =>
    {
        var stream = (run.Destination + suffix).Replace('.', '_');
        var info = await nats.RequestAsync(run.Part, $"$JS.API.STREAM.INFO.{stream}");
        var config = info["config"]!;

        // With a lower limit, NATS would remove what is over it.
        config["max_bytes"] = bytes == Unlimited ? Unlimited : Math.Max(bytes, (long)info["state"]!["bytes"]!);
        await nats.RequestAsync(run.Part, $"$JS.API.STREAM.UPDATE.{stream}", config);
    });

    private static async Task EachAsync(string[] suffixes, Func<string, Task> change)
    {
        foreach (var suffix in suffixes)
        {
            await change(suffix);
        }
    }
}
