using System.Reflection;
using System.Threading.Channels;
using StackExchange.Redis;

namespace MqService.Benchmarks.Arms;

/// <summary>
/// StackExchange.Redis as one would tune it by hand: a stream with a consumer group, read in batches as large as the prefetch, and
/// workers that acknowledge and delete what they have handled. It looks again after a millisecond when there is nothing.
/// </summary>
internal sealed class RedisArm(ArmSettings settings) : ArmBase
{
    private const string Group = "workers";

    private static readonly RedisKey Stream = "raw.orders";
    private static readonly RedisValue Data = "data";
    private static readonly RedisValue Id = "id";

    private ConnectionMultiplexer? publisher;

    public override Assembly Client => typeof(ConnectionMultiplexer).Assembly;

    public override async Task StartPublisherAsync()
    {
        publisher = await ConnectAsync();
        try
        {
            await publisher.GetDatabase().StreamCreateConsumerGroupAsync(Stream, Group, StreamPosition.Beginning);
        }
        catch (RedisServerException exception) when (exception.Message.StartsWith("BUSYGROUP", StringComparison.Ordinal))
        {
            // The scenario before created it.
        }
    }

    public override Task PublishAsync(string orderId, string sku) =>
        publisher!.GetDatabase().StreamAddAsync(
            Stream, [new(Id, orderId), .. Order.HeadersOf(orderId).Select(h => new NameValueEntry(h.Key, h.Value)), new(Data, Order.Write(orderId, sku))]);

    protected override ValueTask StopPublisherAsync() => publisher?.DisposeAsync() ?? ValueTask.CompletedTask;

    protected override async Task<IAsyncDisposable> OpenConsumerAsync(Tally tally)
    {
        var connection = await ConnectAsync();
        return new Reading(stopping => ConsumeAsync(connection.GetDatabase(), $"{Guid.NewGuid()}", tally, stopping), connection).Start();
    }

    private async Task<ConnectionMultiplexer> ConnectAsync()
    {
        var configuration = ConfigurationOptions.Parse(settings.ConnectionString);
        configuration.Protocol = RedisProtocol.Resp2;
        return await ConnectionMultiplexer.ConnectAsync(configuration);
    }

    private async Task ConsumeAsync(IDatabase database, string name, Tally tally, CancellationToken stopping)
    {
        var messages = Channel.CreateBounded<StreamEntry>(settings.Prefetch);
        var working = Workers.RunAsync(settings.Concurrency, async () =>
        {
            await foreach (var message in messages.Reader.ReadAllAsync(CancellationToken.None))
            {
                await tally.HandleAsync(Order.Read(((ReadOnlyMemory<byte>)message[Data]).Span).OrderId);

                // Both leave at once: nothing waits in between.
                await Task.WhenAll(
                    database.StreamAcknowledgeAsync(Stream, Group, message.Id), database.StreamDeleteAsync(Stream, [message.Id]));
            }
        });

        while (!stopping.IsCancellationRequested)
        {
            var batch = await database.StreamReadGroupAsync(Stream, Group, name, StreamPosition.NewMessages, settings.Prefetch);
            foreach (var message in batch)
            {
                await messages.Writer.WriteAsync(message, CancellationToken.None);
            }

            if (batch.Length == 0)
            {
                await Task.Delay(1, CancellationToken.None);
            }
        }

        messages.Writer.Complete();
        await working;
    }
}
