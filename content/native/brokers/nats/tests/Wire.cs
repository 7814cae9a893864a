using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Acme._1.Contracts;
using NATS.Client.Core;

namespace Acme._1.Tests;

/// <summary>A client of its own, independent of the one under test.</summary>
internal sealed class Wire(NatsConnection connection) : IWire
{
    public static async Task<IWire> CreateAsync(BrokerServer server, IServiceProvider _)
    {
        var connection = new NatsConnection(NatsOpts.Default with { Url = server.ConnectionString });
        await connection.ConnectAsync();
        return new Wire(connection);
    }

    public WireMessage Encode(string? type, string? messageId, ReadOnlyMemory<byte> payload, string? subject = null) =>
        CloudEventsEncoding.Encode(type, messageId, payload, subject);

    public async Task SendAsync(Destination destination, WireMessage message, CancellationToken cancellationToken)
    {
        var headers = new NatsHeaders();
        foreach (var (name, value) in message.Headers)
        {
            headers[name] = value;
        }

        // Not by way of JetStream, for requests are in no stream. And without the header Nats-Msg-Id: the server does not
        // recognise duplicates, the service has to.
        var subject = message.Subject is null ? destination.Name : $"{destination.Name}.{message.Subject}";
        await connection.PublishAsync(subject, message.Body, headers, cancellationToken: cancellationToken);
        await connection.PingAsync(cancellationToken);
    }

    public async Task<IAsyncDisposable> ObserveAsync<T>(Action<T> observer, CancellationToken cancellationToken)
        where T : class
    {
        var type = MessageTypes.Of(typeof(T));

        // What goes into a stream is an ordinary message too.
        var subscription = await connection.SubscribeCoreAsync<byte[]>(type.Destination.Name, cancellationToken: cancellationToken);
        await connection.PingAsync(cancellationToken);
        return new Subscription(subscription, ObserveAsync());

        async Task ObserveAsync()
        {
            await foreach (var message in subscription.Msgs.ReadAllAsync(CancellationToken.None))
            {
                observer(JsonSerializer.Deserialize(message.Data, (JsonTypeInfo<T>)type.Json)!);
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
