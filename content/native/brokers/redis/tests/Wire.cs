using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Acme._1.Contracts;
using StackExchange.Redis;

namespace Acme._1.Tests;

/// <summary>A client of its own, independent of the one under test.</summary>
internal sealed class Wire(ConnectionMultiplexer connection) : IWire
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(20);

    public static async Task<IWire> CreateAsync(BrokerServer server, IServiceProvider _) =>
        new Wire(await ConnectionMultiplexer.ConnectAsync(server.ConnectionString));

    public WireMessage Encode(string? type, string? messageId, ReadOnlyMemory<byte> payload, string? subject = null) =>
        CloudEventsEncoding.Encode(type, messageId, payload, subject);

    public Task SendAsync(Destination destination, WireMessage message, CancellationToken cancellationToken) => connection.GetDatabase().StreamAddAsync(
        destination.Name,
        [.. message.Headers.Select(header => new NameValueEntry(header.Key, header.Value)), new("data", message.Body)]);

    public async Task<IAsyncDisposable> ObserveAsync<T>(Action<T> observer, CancellationToken cancellationToken)
        where T : class
    {
        var database = connection.GetDatabase();
        var group = $"test-{Guid.NewGuid():N}";
        await database.StreamCreateConsumerGroupAsync(MessageTypes.Of(typeof(T)).Destination.Name, group, StreamPosition.NewMessages);
        return new Subscription<T>(database, group, observer);
    }

    public ValueTask DisposeAsync() => connection.DisposeAsync();

    private sealed class Subscription<T> : IAsyncDisposable
        where T : class
    {
        private readonly MessageType _type = MessageTypes.Of(typeof(T));
        private readonly CancellationTokenSource _stop = new();
        private readonly IDatabase _database;
        private readonly string _group;
        private readonly Task _reading;

        public Subscription(IDatabase database, string group, Action<T> observer)
        {
            _database = database;
            _group = group;
            _reading = ReadAsync(observer);
        }

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await _reading;
            await _database.StreamDeleteConsumerGroupAsync(_type.Destination.Name, _group);
            _stop.Dispose();
        }

        private async Task ReadAsync(Action<T> observer)
        {
            while (!_stop.IsCancellationRequested)
            {
                var entries = await _database.StreamReadGroupAsync(_type.Destination.Name, _group, "test", StreamPosition.NewMessages, noAck: true);
                foreach (var entry in entries)
                {
                    observer(JsonSerializer.Deserialize((byte[])entry["data"]!, (JsonTypeInfo<T>)_type.Json)!);
                }

                await Task.Delay(Interval, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }
}
