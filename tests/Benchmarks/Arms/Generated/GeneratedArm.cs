using System.Reflection;
using Shop.Contracts.V2;
using Shop.Producer;

namespace MqService.Benchmarks.Arms;

/// <summary>
/// The generated service without its HTTP edge and without its domain: the order goes into its <see cref="IOrderQueue"/>, and comes
/// out in a handler of ours, through everything that lies between, inbox included.
/// </summary>
internal sealed class GeneratedArm : IArm
{
    private readonly List<IHost> consumers = [];
    private IHost? producer;
    private IOrderQueue? queue;

    public Assembly Client => Library.Client;

    public async Task StartPublisherAsync()
    {
        var builder = Host.CreateApplicationBuilder();
        builder.AddOrderProducer();
        producer = builder.Build();
        await producer.StartAsync();
        queue = producer.Services.GetRequiredService<IOrderQueue>();
    }

    public Task PublishAsync(string orderId, string sku) =>
        queue!.SendAsync(new OrderPlaced(orderId, sku, 1, DateTimeOffset.UtcNow), orderId, CancellationToken.None);

    public async Task StartConsumerAsync(Tally tally)
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Services.AddSingleton(tally);
        builder.AddConsumer();
        var consumer = builder.Build();
        consumers.Add(consumer);
        await consumer.StartAsync();
    }

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

    private static async Task StopAsync(IHost host)
    {
        await host.StopAsync();

        // Some services can be disposed of asynchronously only.
        await ((IAsyncDisposable)host).DisposeAsync();
    }
}
