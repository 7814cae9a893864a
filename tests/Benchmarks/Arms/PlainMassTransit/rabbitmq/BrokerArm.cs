using System.Reflection;
using MassTransit;

namespace MqService.Benchmarks.Arms;

/// <summary>
/// MassTransit with its defaults: envelope, JSON, publish by type, confirms. Set up as the generated service is where that makes
/// a difference: quorum queue, prefetch, concurrency.
/// </summary>
internal sealed class BrokerArm(ArmSettings settings) : ArmBase
{
    private RunningHost? producer;
    private IBus? bus;

    public override Assembly Client => typeof(IBus).Assembly;

    public override async Task StartPublisherAsync()
    {
        // An exchange without a queue drops what it is given: the queue has to be there first.
        await StartConsumerAsync(new Tally(new Phase(PhaseKind.Rest, 0, 0, 0, 0)));
        await StopConsumersAsync();

        producer = await StartAsync(_ => { }, new Tally(new Phase(PhaseKind.Rest, 0, 0, 0, 0)));
        bus = producer.Services.GetRequiredService<IBus>();
    }

    public override Task PublishAsync(string orderId, string sku) => bus!.Publish(new OrderPlaced(orderId, sku, 1, DateTimeOffset.UtcNow));

    protected override ValueTask StopPublisherAsync() => producer?.DisposeAsync() ?? ValueTask.CompletedTask;

    protected override async Task<IAsyncDisposable> OpenConsumerAsync(Tally tally) => await StartAsync(
        x => x.AddConsumer<OrderConsumer>(consumer => consumer.ConcurrentMessageLimit = settings.Concurrency).Endpoint(endpoint =>
        {
            endpoint.Name = "masstransit-orders";
            endpoint.PrefetchCount = settings.Prefetch;
        }),
        tally);

    private async Task<RunningHost> StartAsync(Action<IBusRegistrationConfigurator> configure, Tally tally)
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
        return await RunningHost.StartAsync(builder);
    }
}
