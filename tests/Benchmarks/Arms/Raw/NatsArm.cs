using System.Reflection;
using System.Threading.Channels;
using NATS.Client.Core;
using NATS.Client.JetStream;
using NATS.Client.JetStream.Models;

namespace MqService.Benchmarks.Arms;

/// <summary>
/// NATS.Net as one would tune it by hand: a work queue on disk, publishing with an id and its confirmation; a consumer that keeps
/// as many messages coming as the prefetch says, and workers that wait until the server has their acknowledgement.
/// </summary>
internal sealed class NatsArm(ArmSettings settings) : IArm
{
    private const string Stream = "raw_orders";
    private const string Subject = "raw.orders";
    private const string Workers = "workers";

    private static readonly AckOpts Confirmed = new() { DoubleAck = true };

    private readonly List<(NatsConnection Connection, CancellationTokenSource Stop, Task Running)> consumers = [];
    private NatsConnection? publisher;
    private NatsJSContext? jetStream;

    public Assembly Client => typeof(NatsConnection).Assembly;

    public async Task StartPublisherAsync()
    {
        publisher = Connect();
        jetStream = new(publisher);
        await jetStream.CreateStreamAsync(new StreamConfig(Stream, [Subject])
        {
            Retention = StreamConfigRetention.Workqueue,
            Storage = StreamConfigStorage.File,
            Discard = StreamConfigDiscard.New,
            DuplicateWindow = TimeSpan.FromMinutes(2),
        });
        await jetStream.CreateOrUpdateConsumerAsync(Stream, new ConsumerConfig(Workers)
        {
            AckPolicy = ConsumerConfigAckPolicy.Explicit,
            AckWait = TimeSpan.FromSeconds(15),
            MaxAckPending = -1,
        });
    }

    public async Task PublishAsync(string orderId, string sku)
    {
        var confirmation = await jetStream!.PublishAsync(
            Subject, Order.Write(orderId, sku), NatsRawSerializer<byte[]>.Default, new NatsJSPubOpts { MsgId = orderId });
        confirmation.EnsureSuccess();
    }

    public async Task StartConsumerAsync(Tally tally)
    {
        var connection = Connect();
        var consumer = await new NatsJSContext(connection).GetConsumerAsync(Stream, Workers);
        var stop = new CancellationTokenSource();
        consumers.Add((connection, stop, ConsumeAsync(consumer, tally, stop.Token)));
    }

    public async Task StopConsumersAsync()
    {
        foreach (var (connection, stop, running) in consumers)
        {
            await stop.CancelAsync();
            await running;
            await connection.DisposeAsync();
        }

        consumers.Clear();
    }

    public async ValueTask DisposeAsync()
    {
        await StopConsumersAsync();
        if (publisher is not null)
        {
            await publisher.DisposeAsync();
        }
    }

    private NatsConnection Connect() => new(NatsOpts.Default with { Url = settings.ConnectionString });

    private async Task ConsumeAsync(INatsJSConsumer consumer, Tally tally, CancellationToken stopping)
    {
        var messages = Channel.CreateBounded<INatsJSMsg<byte[]>>(settings.Prefetch);
        var working = Arms.Workers.RunAsync(settings.Concurrency, async () =>
        {
            await foreach (var message in messages.Reader.ReadAllAsync(CancellationToken.None))
            {
                await tally.HandleAsync(Order.Read(message.Data).OrderId);
                await message.AckAsync(Confirmed, CancellationToken.None);
            }
        });

        try
        {
            var options = new NatsJSConsumeOpts { MaxMsgs = settings.Prefetch };
            await foreach (var message in consumer.ConsumeAsync(NatsRawSerializer<byte[]>.Default, options, stopping))
            {
                await messages.Writer.WriteAsync(message, CancellationToken.None);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // There is nothing more to come.
        }

        messages.Writer.Complete();
        await working;
    }
}
