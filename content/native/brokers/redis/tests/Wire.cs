using System.Text.Json;
using Acme._1.Contracts;
using Acme._1.Contracts.V1;
using StackExchange.Redis;

namespace Acme._1.Tests;

/// <summary>A client of its own, independent of the one under test.</summary>
internal sealed class Wire(ConnectionMultiplexer connection) : IWire
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(20);

    public static async Task<IWire> CreateAsync(BrokerServer server, IServiceProvider _) =>
        new Wire(await ConnectionMultiplexer.ConnectAsync(server.ConnectionString));

    public WireMessage Encode(string? type, string? messageId, ReadOnlyMemory<byte> payload) =>
        CloudEventsEncoding.Encode(type, messageId, payload);

    public Task SendAsync(WireMessage message, CancellationToken cancellationToken) => connection.GetDatabase().StreamAddAsync(
        Destinations.Orders.Name,
        [.. message.Headers.Select(header => new NameValueEntry(header.Key, header.Value)), new("data", message.Body)]);

    public async Task<IAsyncDisposable> ObserveProcessedAsync(Action<OrderProcessed> observer, CancellationToken cancellationToken)
    {
        var database = connection.GetDatabase();
        var group = $"test-{Guid.NewGuid():N}";
        await database.StreamCreateConsumerGroupAsync(Destinations.OrdersProcessed.Name, group, StreamPosition.NewMessages);
        return new Subscription(database, group, observer);
    }

    public ValueTask DisposeAsync() => connection.DisposeAsync();

    private sealed class Subscription : IAsyncDisposable
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly IDatabase _database;
        private readonly string _group;
        private readonly Task _reading;

        public Subscription(IDatabase database, string group, Action<OrderProcessed> observer)
        {
            _database = database;
            _group = group;
            _reading = ReadAsync(observer);
        }

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await _reading;
            await _database.StreamDeleteConsumerGroupAsync(Destinations.OrdersProcessed.Name, _group);
            _stop.Dispose();
        }

        private async Task ReadAsync(Action<OrderProcessed> observer)
        {
            while (!_stop.IsCancellationRequested)
            {
                var entries = await _database.StreamReadGroupAsync(Destinations.OrdersProcessed.Name, _group, "test", StreamPosition.NewMessages, noAck: true);
                foreach (var entry in entries)
                {
                    observer(JsonSerializer.Deserialize((byte[])entry["data"]!, ContractsJsonContext.Default.OrderProcessedV1)!);
                }

                await Task.Delay(Interval, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }
}
