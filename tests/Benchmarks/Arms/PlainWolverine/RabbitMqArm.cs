using System.Reflection;
using RabbitMQ.Client;
using Wolverine;
using Wolverine.RabbitMQ;

namespace MqService.Benchmarks.Arms;

/// <summary>
/// Wolverine without a database, with the same guarantees: quorum queues, inline endpoints (a send returns with the broker's
/// confirmation, a message is acknowledged when it has been handled), and the same prefetch and concurrency.
/// </summary>
internal sealed class RabbitMqArm(ArmSettings settings) : IArm
{
    private const string Queue = "wolverine-orders";

    private readonly List<IHost> consumers = [];
    private IHost? producer;

    public Assembly Client => typeof(IChannel).Assembly;

    public async Task StartPublisherAsync() =>
        producer = await StartAsync(wolverine => wolverine.PublishMessage<OrderPlaced>().ToRabbitQueue(Queue).SendInline(), tally: null);

    public async Task PublishAsync(string orderId, string sku) =>
        await producer!.MessageBus().PublishAsync(new OrderPlaced(orderId, sku, 1, DateTimeOffset.UtcNow));

    public async Task StartConsumerAsync(Tally tally) => consumers.Add(await StartAsync(
        wolverine =>
        {
            wolverine.Discovery.IncludeType(typeof(OrderPlacedHandler));
            wolverine.ListenToRabbitQueue(Queue)
                .ProcessInline()
                .PreFetchCount((ushort)settings.Prefetch)
                .ConsumerDispatchConcurrency((ushort)settings.Concurrency);
        },
        tally));

    public async Task StopConsumersAsync()
    {
        foreach (var consumer in consumers)
        {
            await StopAsync(consumer);
        }

        consumers.Clear();
    }

    public async ValueTask DisposeAsync()
    {
        await StopConsumersAsync();
        if (producer is not null)
        {
            await StopAsync(producer);
        }
    }

    private async Task<IHost> StartAsync(Action<WolverineOptions> configure, Tally? tally)
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
        var host = builder.Build();
        await host.StartAsync();
        return host;
    }

    private static async Task StopAsync(IHost host)
    {
        await host.StopAsync();
        await ((IAsyncDisposable)host).DisposeAsync();
    }
}

/// <summary>The same message as a generated service's.</summary>
public sealed record OrderPlaced(string OrderId, string Sku, int Quantity, DateTimeOffset PlacedAt);

/// <summary>Public, with a public method: the code that Wolverine generates calls it.</summary>
public static class OrderPlacedHandler
{
    public static Task Handle(OrderPlaced order, Tally tally) => tally.HandleAsync(order.OrderId).AsTask();
}
