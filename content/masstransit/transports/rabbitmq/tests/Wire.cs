using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Acme._1.Contracts;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace Acme._1.Tests;

/// <summary>A client of its own, independent of the one under test.</summary>
internal sealed class Wire(IConnection connection, IChannel channel) : IWire
{
    public static async Task<IWire> CreateAsync(BrokerServer server, IServiceProvider _)
    {
        var connection = await new ConnectionFactory { Uri = new(server.ConnectionString) }.CreateConnectionAsync();
        var channel = await connection.CreateChannelAsync(new CreateChannelOptions(true, true));
        return new Wire(connection, channel);
    }

    public WireMessage Encode(string? type, string? messageId, ReadOnlyMemory<byte> payload, string? subject = null) =>
        EnvelopeEncoding.Encode(type, messageId, payload, subject);

    public async Task SendAsync(Destination destination, WireMessage message, CancellationToken cancellationToken)
    {
        var properties = new BasicProperties
        {
            Headers = message.Headers.ToDictionary(header => header.Key, header => (object?)header.Value),
            Persistent = true,
        };
        var (exchange, routingKey) = destination.Kind is DestinationKind.Topic
            ? (destination.Name, message.Subject ?? string.Empty)
            : (string.Empty, destination.Name);
        await channel.BasicPublishAsync(exchange, routingKey, mandatory: true, properties, message.Body, cancellationToken);
    }

    public async Task<IAsyncDisposable> ObserveAsync<T>(Action<T> observer, CancellationToken cancellationToken)
        where T : class
    {
        var type = MessageTypes.Of(typeof(T));
        var subscription = await connection.CreateChannelAsync(cancellationToken: cancellationToken);
        var queue = await subscription.QueueDeclareAsync(cancellationToken: cancellationToken);

        // Declared by whoever comes first, and always the same, as MassTransit declares it.
        await subscription.ExchangeDeclareAsync(
            type.Destination.Name, ExchangeType.Topic, durable: true, cancellationToken: cancellationToken);
        await subscription.QueueBindAsync(queue.QueueName, type.Destination.Name, "#", cancellationToken: cancellationToken);

        var consumer = new AsyncEventingBasicConsumer(subscription);
        consumer.ReceivedAsync += (_, message) =>
        {
            using var envelope = JsonDocument.Parse(message.Body);
            observer(envelope.RootElement.GetProperty("message").Deserialize((JsonTypeInfo<T>)type.Json)!);
            return Task.CompletedTask;
        };
        await subscription.BasicConsumeAsync(queue.QueueName, autoAck: true, consumer, cancellationToken);
        return subscription;
    }

    public async ValueTask DisposeAsync()
    {
        await channel.DisposeAsync();
        await connection.DisposeAsync();
    }
}
