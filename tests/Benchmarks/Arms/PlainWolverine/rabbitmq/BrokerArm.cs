using System.Reflection;
using RabbitMQ.Client;
using Wolverine;
using Wolverine.RabbitMQ;

namespace MqService.Benchmarks.Arms;

/// <summary>
/// Wolverine without a database, with the same guarantees: quorum queues, inline endpoints (a send returns with the broker's
/// confirmation, a message is acknowledged when it has been handled), and the same prefetch and concurrency.
/// </summary>
internal sealed class BrokerArm(ArmSettings settings) : ArmBase
{
    private const string Queue = "wolverine-orders";

    private RunningHost? producer;

    public override Assembly Client => typeof(IChannel).Assembly;

    public override async Task StartPublisherAsync() =>
        producer = await StartAsync(wolverine => wolverine.PublishMessage<OrderPlaced>().ToRabbitQueue(Queue).SendInline(), tally: null);

    public override async Task PublishAsync(string orderId, string sku) =>
        await producer!.Services.GetRequiredService<IMessageBus>().PublishAsync(new OrderPlaced(orderId, sku, 1, DateTimeOffset.UtcNow));

    protected override ValueTask StopPublisherAsync() => producer?.DisposeAsync() ?? ValueTask.CompletedTask;

    protected override async Task<IAsyncDisposable> OpenConsumerAsync(Tally tally) => await StartAsync(
        wolverine =>
        {
            wolverine.Discovery.IncludeType(typeof(OrderPlacedHandler));
            wolverine.ListenToRabbitQueue(Queue)
                .ProcessInline()
                .PreFetchCount((ushort)settings.Prefetch)
                .ConsumerDispatchConcurrency((ushort)settings.Concurrency);
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
            wolverine.UseRabbitMq(new Uri(settings.ConnectionString))
                .AutoProvision()
                .UseQuorumQueues()
                .ConfigureChannelCreation(channel =>
                {
                    channel.PublisherConfirmationsEnabled = true;
                    channel.PublisherConfirmationTrackingEnabled = true;
                });
            configure(wolverine);
        });
        return await RunningHost.StartAsync(builder);
    }
}
