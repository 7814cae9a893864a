using System.Reflection;
using Shop.Contracts.V2;
using Shop.Producer;

namespace MqService.Benchmarks.Arms;

/// <summary>
/// The generated service without its HTTP edge and without its domain: the order goes into its <see cref="IOrderQueue"/>, and comes
/// out in a handler of ours, through everything that lies between, inbox included.
/// </summary>
internal sealed class GeneratedArm : ArmBase
{
    private RunningHost? producer;
    private IOrderQueue? queue;

    public override Assembly Client => Library.Client;

    public override async Task StartPublisherAsync()
    {
        var builder = Host.CreateApplicationBuilder();
        builder.AddOrderProducer();
        producer = await RunningHost.StartAsync(builder);
        queue = producer.Services.GetRequiredService<IOrderQueue>();
    }

    public override Task PublishAsync(string orderId, string sku) =>
        queue!.SendAsync(new OrderPlaced(orderId, sku, 1, DateTimeOffset.UtcNow), orderId, CancellationToken.None);

    protected override ValueTask StopPublisherAsync() => producer?.DisposeAsync() ?? ValueTask.CompletedTask;

    protected override async Task<IAsyncDisposable> OpenConsumerAsync(Tally tally)
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Services.AddSingleton(tally);
        builder.AddConsumer();
        return await RunningHost.StartAsync(builder);
    }
}
