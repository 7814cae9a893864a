using System.Text.Json;
using Acme._1.Contracts;
using Acme._1.Contracts.V1;
using Acme._1.Messaging.InMemory;
using Microsoft.Extensions.DependencyInjection;

namespace Acme._1.Tests;

internal sealed class Wire(InMemoryBroker broker) : IWire
{
    public static Task<IWire> CreateAsync(BrokerServer _, IServiceProvider consumerServices) =>
        Task.FromResult<IWire>(new Wire(consumerServices.GetRequiredService<InMemoryBroker>()));

    public WireMessage Encode(string? type, string? messageId, ReadOnlyMemory<byte> payload) =>
        CloudEventsEncoding.Encode(type, messageId, payload);

    public Task SendAsync(WireMessage message, CancellationToken cancellationToken) =>
        broker.Queue(Destinations.Orders.Name).EnqueueAsync(new(message.Headers, message.Body), cancellationToken).AsTask();

    public Task<IAsyncDisposable> ObserveProcessedAsync(Action<OrderProcessed> observer, CancellationToken cancellationToken)
    {
        var subscription = broker.Topic(Destinations.OrdersProcessed.Name).Subscribe(message =>
        {
            observer(JsonSerializer.Deserialize(message.Body.Span, ContractsJsonContext.Default.OrderProcessedV1)!);
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
