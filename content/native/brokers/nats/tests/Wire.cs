using System.Text.Json;
using Acme._1.Contracts;
using Acme._1.Contracts.V1;
using NATS.Client.Core;
using NATS.Client.JetStream;

namespace Acme._1.Tests;

/// <summary>A client of its own, independent of the one under test.</summary>
internal sealed class Wire(NatsConnection connection) : IWire
{
    private readonly NatsJSContext _jetStream = new(connection);

    public static async Task<IWire> CreateAsync(BrokerServer server, IServiceProvider _)
    {
        var connection = new NatsConnection(NatsOpts.Default with { Url = server.ConnectionString });
        await connection.ConnectAsync();
        return new Wire(connection);
    }

    public WireMessage Encode(string? type, string? messageId, ReadOnlyMemory<byte> payload) =>
        CloudEventsEncoding.Encode(type, messageId, payload);

    public async Task SendAsync(WireMessage message, CancellationToken cancellationToken)
    {
        var headers = new NatsHeaders();
        foreach (var (name, value) in message.Headers)
        {
            headers[name] = value;
        }

        // Without the header Nats-Msg-Id: the server does not recognise duplicates, the service has to.
        var confirmation = await _jetStream.PublishAsync(Destinations.Orders.Name, message.Body, headers: headers, cancellationToken: cancellationToken);
        confirmation.EnsureSuccess();
    }

    public async Task<IAsyncDisposable> ObserveProcessedAsync(Action<OrderProcessed> observer, CancellationToken cancellationToken)
    {
        // What goes into a stream is an ordinary message too.
        var subscription = await connection.SubscribeCoreAsync<byte[]>(Destinations.OrdersProcessed.Name, cancellationToken: cancellationToken);
        await connection.PingAsync(cancellationToken);
        return new Subscription(subscription, ObserveAsync());

        async Task ObserveAsync()
        {
            await foreach (var message in subscription.Msgs.ReadAllAsync(CancellationToken.None))
            {
                observer(JsonSerializer.Deserialize(message.Data, ContractsJsonContext.Default.OrderProcessedV1)!);
            }
        }
    }

    public ValueTask DisposeAsync() => connection.DisposeAsync();

    private sealed class Subscription(INatsSub<byte[]> subscription, Task observing) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await subscription.DisposeAsync();
            await observing;
        }
    }
}
