namespace MqService.Benchmarks.Arms;

/// <summary>One way to send and to receive orders. Everything else is the same for all of them: <see cref="ArmHost"/>.</summary>
internal interface IArm : IAsyncDisposable
{
    /// <summary>The broker's client, to see that all arms have the same.</summary>
    System.Reflection.Assembly Client { get; }

    Task StartPublisherAsync();

    /// <summary>Returns when the broker has confirmed the order.</summary>
    /// <param name="orderId">Also the message's id.</param>
    /// <param name="sku">Makes the payload as long as it is to be.</param>
    Task PublishAsync(string orderId, string sku);

    /// <summary>Adds one more consumer. It acknowledges what <see cref="Tally.HandleAsync"/> has handled.</summary>
    Task StartConsumerAsync(Tally tally);

    /// <summary>Stops all of them; what they have handled is acknowledged when it returns.</summary>
    Task StopConsumersAsync();
}
