using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Acme._1.Contracts;
using Acme._1.Messaging.InMemory;
using Microsoft.Extensions.DependencyInjection;

namespace Acme._1.Tests;

internal sealed class Wire(InMemoryBroker broker) : IWire
{
    public static Task<IWire> CreateAsync(BrokerServer _, IServiceProvider consumerServices) =>
        Task.FromResult<IWire>(new Wire(consumerServices.GetRequiredService<InMemoryBroker>()));

    public WireMessage Encode(string? type, string? messageId, ReadOnlyMemory<byte> payload, string? subject = null) =>
        CloudEventsEncoding.Encode(type, messageId, payload, subject);

    public Task SendAsync(Destination destination, WireMessage message, CancellationToken cancellationToken) =>
        broker.SendAsync(destination, new InMemoryMessage(message.Headers, message.Body), cancellationToken);

    public Task<IAsyncDisposable> ObserveAsync<T>(Action<T> observer, CancellationToken cancellationToken)
        where T : class
    {
        var type = MessageTypes.Of(typeof(T));
        var subscription = broker.Topic(type.Destination.Name).Subscribe(message =>
        {
            observer(JsonSerializer.Deserialize(message.Body.Span, (JsonTypeInfo<T>)type.Json)!);
            return Task.CompletedTask;
        });
        return Task.FromResult<IAsyncDisposable>(new Subscription(subscription));
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private sealed class Subscription(IDisposable subscription) : IAsyncDisposable
    {
        public ValueTask DisposeAsync()
        {
            subscription.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
