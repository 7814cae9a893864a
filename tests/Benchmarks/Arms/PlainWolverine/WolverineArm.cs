using Wolverine;

namespace MqService.Benchmarks.Arms;

/// <summary>Wolverine without a database, on whatever broker: a host that sends, and one for each consumer.</summary>
internal abstract class WolverineArm : ArmBase
{
    private RunningHost? producer;

    public override async Task StartPublisherAsync() => producer = await StartAsync(Send, tally: null);

    public override async Task PublishAsync(string orderId, string sku) =>
        await producer!.Services.GetRequiredService<IMessageBus>().PublishAsync(new OrderPlaced(orderId, sku, 1, DateTimeOffset.UtcNow));

    protected override ValueTask StopPublisherAsync() => producer?.DisposeAsync() ?? ValueTask.CompletedTask;

    protected override async Task<IAsyncDisposable> OpenConsumerAsync(Tally tally) => await StartAsync(
        wolverine =>
        {
            wolverine.Discovery.IncludeType(typeof(OrderPlacedHandler));
            Listen(wolverine);
        },
        tally);

    /// <summary>How it connects.</summary>
    protected abstract void Connect(WolverineOptions wolverine);

    /// <summary>Where orders are sent, and how.</summary>
    protected abstract void Send(WolverineOptions wolverine);

    /// <summary>Where they are received, and how.</summary>
    protected abstract void Listen(WolverineOptions wolverine);

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
            Connect(wolverine);
            configure(wolverine);
        });
        return await RunningHost.StartAsync(builder);
    }
}
