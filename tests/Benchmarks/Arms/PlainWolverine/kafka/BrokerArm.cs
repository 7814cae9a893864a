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
internal sealed class BrokerArm(ArmSettings settings) : ArmBase
{
    private const string Topic = "wolverine.orders";

    private RunningHost? producer;

    public override Assembly Client => typeof(IClient).Assembly;

    public override async Task StartPublisherAsync() => producer = await StartAsync(
        wolverine => wolverine.PublishMessage<OrderPlaced>().ToKafkaTopic(Topic)
            .SendInline()
            .Specification(topic => topic.NumPartitions = settings.Partitions),
        tally: null);

    public override async Task PublishAsync(string orderId, string sku) =>
        await producer!.Services.GetRequiredService<IMessageBus>().PublishAsync(new OrderPlaced(orderId, sku, 1, DateTimeOffset.UtcNow));

    protected override ValueTask StopPublisherAsync() => producer?.DisposeAsync() ?? ValueTask.CompletedTask;

    protected override async Task<IAsyncDisposable> OpenConsumerAsync(Tally tally) => await StartAsync(
        wolverine =>
        {
            wolverine.Discovery.IncludeType(typeof(OrderPlacedHandler));
            wolverine.ListenToKafkaTopic(Topic)
                .ProcessInline()
                .ListenerCount(Math.Min(settings.Concurrency, settings.Partitions));
        },
        tally);

    private async Task<RunningHost> StartAsync(Action<WolverineOptions> configure, Tally? tally)
    {
        var builder = Host.CreateApplicationBuilder();
        if (tally is not null)
        {
            builder.Services.AddSingleton(tally);
        }

        builder.UseWolverine(wolverine =>
        {
            wolverine.Discovery.DisableConventionalDiscovery();
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
            configure(wolverine);
        });
        return await RunningHost.StartAsync(builder);
    }
}
