using System.Reflection;

namespace MqService.Benchmarks.Arms;

/// <summary>One way to send and to receive orders. Everything else is the same for all of them: <see cref="ArmHost"/>.</summary>
internal abstract class ArmBase : IAsyncDisposable
{
    private readonly List<IAsyncDisposable> consumers = [];

    /// <summary>The broker's client, to see that all arms have the same.</summary>
    public abstract Assembly Client { get; }

    public abstract Task StartPublisherAsync();

    /// <summary>Returns when the broker has confirmed the order.</summary>
    /// <param name="orderId">Also the message's id.</param>
    /// <param name="sku">Makes the payload as long as it is to be.</param>
    public abstract Task PublishAsync(string orderId, string sku);

    /// <summary>Adds one more consumer. It acknowledges what <see cref="Tally.HandleAsync"/> has handled.</summary>
    public async Task StartConsumerAsync(Tally tally) => consumers.Add(await OpenConsumerAsync(tally));

    /// <summary>Stops all of them; what they have handled is acknowledged when it returns.</summary>
    public async Task StopConsumersAsync()
    {
        foreach (var consumer in consumers)
        {
            await consumer.DisposeAsync();
        }

        consumers.Clear();
    }

    public async ValueTask DisposeAsync()
    {
        await StopConsumersAsync();
        await StopPublisherAsync();
    }

    /// <summary>Undoes <see cref="StartPublisherAsync"/>, as far as that came.</summary>
    protected abstract ValueTask StopPublisherAsync();

    /// <summary>What this returns consumes until it is disposed of, and has acknowledged what it handled when that returns.</summary>
    protected abstract Task<IAsyncDisposable> OpenConsumerAsync(Tally tally);
}
