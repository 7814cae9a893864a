using System.Reflection;
using Confluent.Kafka;
using Wolverine;
using Wolverine.Kafka;

namespace MqService.Benchmarks.Arms;

/// <summary>
/// Wolverine without a database, with the same guarantees as far as it can: inline endpoints (a send returns when all replicas have
/// confirmed, an offset is stored when its message has been handled), an idempotent producer that does not wait for more to send,
/// a commit each second and when it stops, the same partitions.
/// </summary>
/// <remarks>
/// What it cannot do alike. An inline listener handles one message at a time, and a partition belongs to one listener: so there are
/// as many handlers at a time as partitions, where others have as many as the concurrency says. Buffered listeners handle more,
/// but their offsets count as done before the messages are handled. There is no prefetch either: the client fetches ahead, and
/// nothing is handed out before the message ahead of it is done. And a send that the broker refuses is tried again later, and given
/// up after a few times: it has returned by then, and only the log tells.
/// </remarks>
internal sealed class BrokerArm(ArmSettings settings) : WolverineArm
{
    private const string Topic = "wolverine.orders";

    public override Assembly Client => typeof(IClient).Assembly;

    protected override void Connect(WolverineOptions wolverine) =>
        wolverine.UseKafka(settings.ConnectionString)
            .AutoProvision()
            .ConfigureProducers(config =>
            {
                config.Acks = Acks.All;
                config.EnableIdempotence = true;
                config.LingerMs = 0;
            })
            .ConfigureConsumers(config =>
            {
                config.GroupId = Topic;
                config.AutoOffsetReset = AutoOffsetReset.Earliest;
                config.AutoCommitIntervalMs = 1_000;
            });

    protected override void Send(WolverineOptions wolverine) =>
        wolverine.PublishMessage<OrderPlaced>().ToKafkaTopic(Topic)
            .SendInline()
            .Specification(topic => topic.NumPartitions = settings.Partitions);

    protected override void Listen(WolverineOptions wolverine) =>
        wolverine.ListenToKafkaTopic(Topic)
            .ProcessInline()
            .ListenerCount(Math.Min(settings.Concurrency, settings.Partitions));
}
