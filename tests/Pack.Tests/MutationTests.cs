using MqService.Harness.Faults;

namespace MqService.Pack.Tests;

/// <summary>
/// Proves the oracle: what the faults must find is built into a copy of a service, and the faults must find it. A suite that stays
/// green here would prove nothing elsewhere. Those of RabbitMQ always run, the others with <c>MQ_MUTATIONS=all</c>.
/// </summary>
public sealed class MutationTests(PackFixture pack)
{
    private const string PostgresInbox = "src/Mutant.Consumer/Stores/PostgresTransaction.cs";
    private const string Recognises = "return await command.ExecuteNonQueryAsync(cancellationToken) == 1;";
    private const string RecognisesNothing = "return await command.ExecuteNonQueryAsync(cancellationToken) >= 0;";

    /// <summary>A message that is neither handled nor given up may also be one that nobody takes over.</summary>
    private const string LostOrLeft = "lost [1-9]|messages are left";

    private static readonly Dictionary<string, Mutation> Others = new()
    {
        ["kafka: offsets are committed up to what was taken, not up to what is settled"] = new(
            "kafka-work-queue-native-postgres", "kill", "lost [1-9]",
            ("src/Mutant.Messaging/Kafka/KafkaPartition.cs", "_taken.Enqueue(offset);", "_taken.Enqueue(offset); _watermark = offset + 1;")),
        ["kafka: the inbox recognises nothing"] = new(
            "kafka-work-queue-native-postgres", "kill", "doubled [1-9]", (PostgresInbox, Recognises, RecognisesNothing)),
        ["nats: messages are acknowledged before they are handled"] = new(
            "nats-work-queue-native-broker", "kill", LostOrLeft,
            ("src/Mutant.Messaging/Nats/NatsDelivery.cs", "private readonly CancellationTokenSource _lost = new();", "private readonly CancellationTokenSource _lost = new();\n    private readonly Task _acknowledged = message.AckAsync().AsTask();"),
            ("src/Mutant.Messaging/Nats/NatsDelivery.cs", "acknowledgements.AddAsync(message, cancellationToken);", "Task.WhenAll(_acknowledged, acknowledgements.AddAsync(message, cancellationToken));")),
        ["nats: the inbox recognises nothing, nor does the server"] = new(
            "nats-work-queue-native-broker", "kill", "doubled [1-9]",
            ("src/Mutant.Consumer/Stores/NatsTransaction.cs", "var key = $\"{queue}.{messageId.ToKey()}\";", "var key = $\"{queue}.{$\"{messageId}{Guid.NewGuid()}\".ToKey()}\";"),
            ("src/Mutant.Messaging/Nats/NatsTransport.cs", "MsgId = deduplicationId", "MsgId = Guid.NewGuid().ToString()")),
        ["redis: messages are acknowledged as they are read"] = new(
            "redis-work-queue-native-broker", "kill", LostOrLeft,
            ("src/Mutant.Messaging/Redis/RedisConsumer.cs", "count: Math.Max(1, prefetch - _held.Count)", "count: Math.Max(1, prefetch - _held.Count), noAck: true")),
        ["redis: the search for what others left begins at the end"] = new(
            "redis-work-queue-native-broker", "kill", LostOrLeft,
            ("src/Mutant.Messaging/Redis/RedisConsumer.cs", "RedisValue from = \"-\";", "RedisValue from = \"+\";")),
        ["redis: the inbox recognises nothing"] = new(
            "redis-work-queue-native-broker", "kill", "doubled [1-9]",
            ("src/Mutant.Consumer/Stores/RedisTransaction.cs", "RedisValue message = $\"{queue} {messageId}\";", "RedisValue message = $\"{queue} {messageId} {Guid.NewGuid()}\";")),
        ["rabbitmq with MassTransit: the inbox recognises nothing"] = new(
            "rabbitmq-work-queue-masstransit-postgres", "kill", "doubled [1-9]", (PostgresInbox, Recognises, RecognisesNothing)),
    };

    public static TheoryData<string> Names => [.. Others.Keys];

    [Fact]
    public Task Messages_acknowledged_before_they_are_handled_are_found_to_be_lost() => ShouldBeFoundAsync("ack-order", new(
        "rabbitmq-work-queue-native-postgres", "kill", "lost [1-9]",
        ("src/Mutant.Messaging/RabbitMq/RabbitMqReceiver.cs", "autoAck: false", "autoAck: true"),
        ("src/Mutant.Messaging/RabbitMq/RabbitMqAcknowledgements.cs", "await channel.BasicAckAsync(upTo, multiple: true)", "await Task.FromResult(channel)"),
        ("src/Mutant.Messaging/RabbitMq/RabbitMqAcknowledgements.cs", "await channel.BasicAckAsync(deliveryTag, multiple: false)", "await Task.FromResult(channel)")));

    [Fact]
    public Task Messages_that_the_inbox_does_not_recognise_are_found_to_be_doubled() => ShouldBeFoundAsync("inbox", new(
        "rabbitmq-work-queue-native-postgres", "broker", "doubled [1-9]", (PostgresInbox, Recognises, RecognisesNothing)));

    [Theory, MemberData(nameof(Names))]
    public Task What_the_other_adapters_do_wrong_is_found(string what)
    {
        Assert.SkipUnless(Environment.GetEnvironmentVariable("MQ_MUTATIONS") == "all", "MQ_MUTATIONS is not \"all\"");
        return ShouldBeFoundAsync($"{Names.ToList().FindIndex(row => row.Data == what)}", Others[what]);
    }

    private async Task ShouldBeFoundAsync(string name, Mutation mutation)
    {
        var combination = Matrix.Of(mutation.Combination);
        Assert.SkipWhen(Servers.IsExternal(combination), "the broker is not ours to kill");
        Assert.SkipWhen(Servers.Missing(combination) is not null, $"{Servers.Missing(combination)}");

        var service = await pack.GenerateAsync(combination, "Mutant", $"mutation-{name}");
        foreach (var (file, code, broken) in mutation.Changes)
        {
            var path = Path.Combine(service.Folder, file);
            var text = await File.ReadAllTextAsync(path);
            Assert.Contains(code, text, StringComparison.Ordinal);
            await File.WriteAllTextAsync(path, text.Replace(code, broken, StringComparison.Ordinal));
        }

        (await service.RestoreAsync(GeneratedService.BuildEnvironment)).EnsureSuccess();
        (await service.BuildAsync(GeneratedService.BuildEnvironment)).EnsureSuccess();

        var found = await Assert.ThrowsAsync<FaultException>(() =>
            FaultSuite.RunAsync(service, Scenario.All.Single(s => s.Name == mutation.Fault), TestContext.Current.CancellationToken));
        Assert.Matches(mutation.Finding, found.Message);
        TestContext.Current.SendDiagnosticMessage("{0}: {1}", name, found.Message);
    }

    /// <param name="Combination">What is broken.</param>
    /// <param name="Fault">What brings it to light.</param>
    /// <param name="Finding">What is said then.</param>
    /// <param name="Changes">How it is broken.</param>
    private sealed record Mutation(string Combination, string Fault, string Finding, params (string File, string Code, string Broken)[] Changes);
}
