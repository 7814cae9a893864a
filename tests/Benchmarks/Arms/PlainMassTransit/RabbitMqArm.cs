using System.Reflection;
using MassTransit;

namespace MqService.Benchmarks.Arms;

/// <summary>
/// MassTransit with its defaults: envelope, JSON, publish by type, confirms. Set up as the generated service is where that makes
/// a difference: quorum queue, prefetch, concurrency.
/// </summary>
internal sealed class RabbitMqArm(ArmSettings settings) : IArm
{
    private readonly List<IHost> consumers = [];
    private IHost? producer;
    private IBus? bus;

    public Assembly Client => typeof(IBus).Assembly;

    public async Task StartPublisherAsync()
    {
        // An exchange without a queue drops what it is given: the queue has to be there first.
        await StartConsumerAsync(new Tally(new Phase(PhaseKind.Rest, 0, 0, 0, 0)));
        await StopConsumersAsync();

        producer = await StartAsync(_ => { }, new Tally(new Phase(PhaseKind.Rest, 0, 0, 0, 0)));
        bus = producer.Services.GetRequiredService<IBus>();
    }

    public Task PublishAsync(string orderId, string sku) => bus!.Publish(new OrderPlaced(orderId, sku, 1, DateTimeOffset.UtcNow));

    public async Task StartConsumerAsync(Tally tally) => consumers.Add(await StartAsync(
        x => x.AddConsumer<OrderConsumer>(consumer => consumer.ConcurrentMessageLimit = settings.Concurrency).Endpoint(endpoint =>
        {
            endpoint.Name = "masstransit-orders";
            endpoint.PrefetchCount = settings.Prefetch;
        }),
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

    private async Task<IHost> StartAsync(Action<IBusRegistrationConfigurator> configure, Tally tally)
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Services.AddSingleton(tally);

        // A bus that is stopped while it starts goes on consuming.
        builder.Services.AddOptions<MassTransitHostOptions>().Configure(host => host.WaitUntilStarted = true);
        builder.Services.AddMassTransit(x =>
        {
            configure(x);
            x.AddConfigureEndpointsCallback((_, _, endpoint) => ((IRabbitMqReceiveEndpointConfigurator)endpoint).SetQuorumQueue());
            x.UsingRabbitMq((context, rabbit) =>
            {
                rabbit.Host(new Uri(settings.ConnectionString));
                rabbit.ConfigureEndpoints(context);
            });
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

    private sealed class OrderConsumer(Tally tally) : IConsumer<OrderPlaced>
    {
        public Task Consume(ConsumeContext<OrderPlaced> context) => tally.HandleAsync(context.Message.OrderId).AsTask();
    }
}

public sealed record OrderPlaced(string OrderId, string Sku, int Quantity, DateTimeOffset PlacedAt);
