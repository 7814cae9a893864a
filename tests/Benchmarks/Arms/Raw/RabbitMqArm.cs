using System.Reflection;
using RabbitMQ.Client;

namespace MqService.Benchmarks.Arms;

/// <summary>
/// RabbitMQ.Client as one would tune it by hand: one channel that publishes with confirms, persistent and mandatory, to a quorum
/// queue with the arguments of the generated one; consumers with prefetch and concurrent dispatch that acknowledge each message.
/// </summary>
internal sealed class RabbitMqArm(ArmSettings settings) : ArmBase
{
    private const string Queue = "raw.orders";
    private const string DeadLetterQueue = "raw.orders.dlq";

    private static readonly CreateChannelOptions WithConfirms = new(
        publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true, outstandingPublisherConfirmationsRateLimiter: null);

    private IConnection? publisher;
    private IChannel? channel;

    public override Assembly Client => typeof(IChannel).Assembly;

    public override async Task StartPublisherAsync()
    {
        publisher = await ConnectAsync();
        channel = await publisher.CreateChannelAsync(WithConfirms);
        await channel.QueueDeclareAsync(DeadLetterQueue, durable: true, exclusive: false, autoDelete: false, new Dictionary<string, object?>
        {
            ["x-queue-type"] = "quorum",
        });
        await channel.QueueDeclareAsync(Queue, durable: true, exclusive: false, autoDelete: false, new Dictionary<string, object?>
        {
            ["x-queue-type"] = "quorum",
            ["x-delivery-limit"] = 20,
            ["x-dead-letter-exchange"] = string.Empty,
            ["x-dead-letter-routing-key"] = DeadLetterQueue,
            ["x-dead-letter-strategy"] = "at-least-once",
            ["x-overflow"] = "reject-publish",
        });
    }

    public override async Task PublishAsync(string orderId, string sku) => await channel!.BasicPublishAsync(
        exchange: string.Empty,
        Queue,
        mandatory: true,
        new BasicProperties
        {
            MessageId = orderId,
            Type = Order.TypeName,
            ContentType = "application/json",
            DeliveryMode = DeliveryModes.Persistent,
            Headers = Order.HeadersOf(orderId) is { Count: > 0 } headers ? headers.ToDictionary(h => h.Key, h => (object?)h.Value) : null,
        },
        Order.Write(orderId, sku));

    protected override ValueTask StopPublisherAsync() => publisher?.DisposeAsync() ?? ValueTask.CompletedTask;

    protected override async Task<IAsyncDisposable> OpenConsumerAsync(Tally tally)
    {
        var connection = await ConnectAsync();
        var consuming = await connection.CreateChannelAsync(
            new CreateChannelOptions(false, false, consumerDispatchConcurrency: (ushort)settings.Concurrency));
        await consuming.BasicQosAsync(0, (ushort)settings.Prefetch, global: false);
        var consumer = new Consumer(consuming, tally);
        return new Consuming(connection, consumer, await consuming.BasicConsumeAsync(Queue, autoAck: false, consumer));
    }

    private Task<IConnection> ConnectAsync() =>
        new ConnectionFactory { Uri = new(settings.ConnectionString), AutomaticRecoveryEnabled = false, TopologyRecoveryEnabled = false }.CreateConnectionAsync();

    private sealed class Consuming(IConnection connection, Consumer consumer, string tag) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await consumer.Channel.BasicCancelAsync(tag);
            await consumer.DrainAsync();
            await connection.DisposeAsync();
        }
    }

    private sealed class Consumer(IChannel channel, Tally tally) : AsyncDefaultBasicConsumer(channel)
    {
        private readonly TaskCompletionSource drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int handling = 1;

        public Task DrainAsync()
        {
            End();
            return drained.Task;
        }

        public override async Task HandleBasicDeliverAsync(
            string consumerTag,
            ulong deliveryTag,
            bool redelivered,
            string exchange,
            string routingKey,
            IReadOnlyBasicProperties properties,
            ReadOnlyMemory<byte> body,
            CancellationToken cancellationToken = default)
        {
            Interlocked.Increment(ref handling);
            await tally.HandleAsync(Order.Read(body.Span).OrderId);
            await Channel.BasicAckAsync(deliveryTag, multiple: false, cancellationToken);
            End();
        }

        private void End()
        {
            if (Interlocked.Decrement(ref handling) == 0)
            {
                drained.SetResult();
            }
        }
    }
}
