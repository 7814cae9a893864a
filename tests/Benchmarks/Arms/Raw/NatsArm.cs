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
internal sealed class NatsArm(ArmSettings settings) : ArmBase
{
    private const string Stream = "raw_orders";
    private const string Subject = "raw.orders";
    private const string Workers = "workers";

    private static readonly AckOpts Confirmed = new() { DoubleAck = true };

    private NatsConnection? publisher;
    private NatsJSContext? jetStream;

    public override Assembly Client => typeof(NatsConnection).Assembly;

    public override async Task StartPublisherAsync()
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

    public override async Task PublishAsync(string orderId, string sku)
    {
        NatsHeaders? headers = null;
        foreach (var (name, value) in Order.HeadersOf(orderId))
        {
            (headers ??= [])[name] = value;
        }

        var confirmation = await jetStream!.PublishAsync(
            Subject, Order.Write(orderId, sku), NatsRawSerializer<byte[]>.Default, new NatsJSPubOpts { MsgId = orderId }, headers);
        confirmation.EnsureSuccess();
    }

    protected override ValueTask StopPublisherAsync() => publisher?.DisposeAsync() ?? ValueTask.CompletedTask;

    protected override async Task<IAsyncDisposable> OpenConsumerAsync(Tally tally)
    {
        var connection = Connect();
        var consumer = await new NatsJSContext(connection).GetConsumerAsync(Stream, Workers);
        return new Reading(stopping => ConsumeAsync(consumer, tally, stopping), connection).Start();
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
