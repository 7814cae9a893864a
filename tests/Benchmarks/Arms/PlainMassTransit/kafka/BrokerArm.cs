using System.Reflection;
using Confluent.Kafka;
using MassTransit;

namespace MqService.Benchmarks.Arms;

/// <summary>
/// MassTransit's Kafka rider as its documentation sets it up, with its defaults: JSON without an envelope, one consumer for all
/// partitions that handles different keys side by side, a checkpoint every minute or 5,000 messages, and when it stops. Set up as
/// the generated service is where that makes a difference: partitions, idempotent producer that does not wait for more to send,
/// prefetch, concurrency.
/// </summary>
/// <remarks>
/// What is not alike: messages of a partition are handled side by side, and when it stops with one of them unfinished and a later one
/// done, it commits the later one. The generated service gives up concurrency in order not to lose messages by that.
/// </remarks>
internal sealed class BrokerArm(ArmSettings settings) : ArmBase
{
    private const string Topic = "masstransit.orders";

    private RunningHost? producer;
    private AsyncServiceScope scope;
    private ITopicProducer<string, OrderPlaced>? orders;

    public override Assembly Client => typeof(IBus).Assembly;

    public override async Task StartPublisherAsync()
    {
        // The topic is created by whoever reads it.
        await StartConsumerAsync(new Tally(new Phase(PhaseKind.Rest, 0, 0, 0, 0)));
        await StopConsumersAsync();

        var settled = new ProducerConfig { Acks = Acks.All, EnableIdempotence = true, LingerMs = 0 };
        producer = await StartAsync(rider =>
        {
            rider.AddProducer<string, OrderPlaced>(Topic, settled);
            rider.UsingKafka((_, kafka) => kafka.Host(settings.ConnectionString));
        });
        scope = producer.Services.CreateAsyncScope();
        orders = scope.ServiceProvider.GetRequiredService<ITopicProducer<string, OrderPlaced>>();
    }

    public override Task PublishAsync(string orderId, string sku) => orders!.Produce(orderId, new OrderPlaced(orderId, sku, 1, DateTimeOffset.UtcNow));

    protected override async ValueTask StopPublisherAsync()
    {
        if (producer is not null)
        {
            await scope.DisposeAsync();
            await producer.DisposeAsync();
        }
    }

    protected override async Task<IAsyncDisposable> OpenConsumerAsync(Tally tally) => await StartAsync(
        rider =>
        {
            rider.AddConsumer<OrderConsumer>();
            rider.UsingKafka((context, kafka) =>
            {
                kafka.Host(settings.ConnectionString);
                kafka.TopicEndpoint<string, OrderPlaced>(Topic, groupId: Topic, endpoint =>
                {
                    endpoint.AutoOffsetReset = AutoOffsetReset.Earliest;
                    endpoint.PrefetchCount = settings.Prefetch;
                    endpoint.ConcurrentMessageLimit = settings.Concurrency;
                    endpoint.CreateIfMissing(topic => topic.NumPartitions = (ushort)settings.Partitions);
                    endpoint.ConfigureConsumer<OrderConsumer>(context);
                });
            });
        },
        services => services.AddSingleton(tally));

    private static async Task<RunningHost> StartAsync(Action<IRiderRegistrationConfigurator> configure, Action<IServiceCollection>? add = null)
    {
        var builder = Host.CreateApplicationBuilder();
        add?.Invoke(builder.Services);

        // A bus that is stopped while it starts goes on consuming.
        builder.Services.AddOptions<MassTransitHostOptions>().Configure(host => host.WaitUntilStarted = true);
        builder.Services.AddMassTransit(x =>
        {
            x.UsingInMemory();
            x.AddRider(configure);
        });
        return await RunningHost.StartAsync(builder);
    }
}
