using Acme._1.Contracts;
using Acme._1.Messaging.InMemory;
using MassTransit;
using MassTransit.Transports.Fabric;
using Microsoft.Extensions.DependencyInjection;

namespace Acme._1.Tests;

internal sealed class Wire(IBus bus) : IWire
{
    public static Task<IWire> CreateAsync(BrokerServer _, IServiceProvider consumerServices) =>
        Task.FromResult<IWire>(new Wire(consumerServices.GetRequiredService<IBus>()));

    public WireMessage Encode(string? type, string? messageId, ReadOnlyMemory<byte> payload, string? subject = null) =>
        EnvelopeEncoding.Encode(type, messageId, payload, subject);

    public Task SendAsync(Destination destination, WireMessage message, CancellationToken cancellationToken) =>
        bus.SendRawAsync(
            destination.Kind is DestinationKind.Topic ? RawMessages.TopicAddress(destination.Name) : RawMessages.QueueAddress(destination.Name),
            message.Body,
            message.Headers,
            subject: message.Subject,
            cancellationToken: cancellationToken);

    public async Task<IAsyncDisposable> ObserveAsync<T>(Action<T> observer, CancellationToken cancellationToken)
        where T : class
    {
        var subscription = bus.ConnectReceiveEndpoint(
            $"test-{Guid.NewGuid():N}",
            endpoint =>
            {
                endpoint.ConfigureConsumeTopology = false;
                ((IInMemoryReceiveEndpointConfigurator)endpoint).Bind<T>(ExchangeType.Topic, "#");
                endpoint.Handler<T>(context =>
                {
                    observer(context.Message);
                    return Task.CompletedTask;
                });
            });
        await subscription.Ready;
        return new Subscription(subscription);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private sealed class Subscription(HostReceiveEndpointHandle endpoint) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync() => await endpoint.StopAsync();
    }
}
