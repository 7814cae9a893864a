using System.Reflection;
using RabbitMQ.Client;
using Wolverine;
using Wolverine.RabbitMQ;

namespace MqService.Benchmarks.Arms;

/// <summary>
/// Wolverine without a database, with the same guarantees: quorum queues, inline endpoints (a send returns with the broker's
/// confirmation, a message is acknowledged when it has been handled), and the same prefetch and concurrency.
/// </summary>
internal sealed class BrokerArm(ArmSettings settings) : WolverineArm
{
    private const string Queue = "wolverine-orders";

    public override Assembly Client => typeof(IChannel).Assembly;

    protected override void Connect(WolverineOptions wolverine) =>
        wolverine.UseRabbitMq(new Uri(settings.ConnectionString))
            .AutoProvision()
            .UseQuorumQueues()
            .ConfigureChannelCreation(channel =>
            {
                channel.PublisherConfirmationsEnabled = true;
                channel.PublisherConfirmationTrackingEnabled = true;
            });

    protected override void Send(WolverineOptions wolverine) =>
        wolverine.PublishMessage<OrderPlaced>().ToRabbitQueue(Queue).SendInline();

    protected override void Listen(WolverineOptions wolverine) =>
        wolverine.ListenToRabbitQueue(Queue)
            .ProcessInline()
            .PreFetchCount((ushort)settings.Prefetch)
            .ConsumerDispatchConcurrency((ushort)settings.Concurrency);
}
