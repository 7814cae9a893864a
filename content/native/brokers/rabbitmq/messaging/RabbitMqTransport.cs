using Acme._1.Contracts;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace Acme._1.Messaging.RabbitMq;

/// <summary>Publishes, and returns when the broker has confirmed.</summary>
internal sealed class RabbitMqTransport(RabbitMqConnection connections) : ITransport, IAsyncDisposable
{
    private readonly RabbitMqPublishingChannel _channel = new(connections);

    public string System => "rabbitmq";

    public Task SendAsync(Destination destination, Envelope envelope, CancellationToken cancellationToken)
    {
        var properties = RabbitMqHeaders.Write(envelope);

        // A message for a queue must reach it; news may reach nobody.
        return destination.Kind is DestinationKind.Queue
            ? PublishAsync(exchange: string.Empty, destination.Name, mandatory: true, properties, envelope.Data, cancellationToken)
            : PublishAsync(destination.Name, envelope.Subject ?? string.Empty, mandatory: false, properties, envelope.Data, cancellationToken);
    }

    /// <summary>Puts these bytes on a queue. Returns once the broker has confirmed them.</summary>
    /// <exception cref="BrokerUnavailableException">There is no connection, or the broker refused the message.</exception>
    public Task PublishToQueueAsync(string queue, BasicProperties properties, ReadOnlyMemory<byte> body, CancellationToken cancellationToken) =>
        PublishAsync(exchange: string.Empty, queue, mandatory: true, properties, body, cancellationToken);

    public ValueTask DisposeAsync() => _channel.DisposeAsync();

    public async Task PublishAsync(
        string exchange, string routingKey, bool mandatory, BasicProperties properties, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        try
        {
            await PublishAsync(_channel.GetAsync, exchange, routingKey, mandatory, properties, body, cancellationToken);
        }
        catch (PublishException exception)
        {
            throw new BrokerUnavailableException(
                exception.IsReturn ? $"RabbitMQ has no queue {routingKey}." : $"RabbitMQ refused a message for {exchange}{routingKey}.", exception);
        }
        catch (Exception exception) when (IsConnectionProblem(exception))
        {
            throw new BrokerUnavailableException($"The connection to RabbitMQ was lost: {exception.Message}", exception);
        }
    }

    /// <summary>Publishes, and again if the channel was closed because of somebody else's message.</summary>
    /// <exception cref="MessageTooLargeException">RabbitMQ does not take a message of this size.</exception>
    public static async Task PublishAsync(
        Func<CancellationToken, ValueTask<IChannel>> getChannelAsync,
        string exchange,
        string routingKey,
        bool mandatory,
        BasicProperties properties,
        ReadOnlyMemory<byte> body,
        CancellationToken cancellationToken)
    {
        while (true)
        {
            var channel = await getChannelAsync(cancellationToken);
            try
            {
                await channel.BasicPublishAsync(exchange, routingKey, mandatory, properties, body, cancellationToken);
                return;
            }
            catch (Exception exception) when (OversizedMessage.ClosedTheChannel(exception))
            {
                if (OversizedMessage.Find(exception, body.Length) is { } tooLarge)
                {
                    throw tooLarge;
                }
            }
        }
    }

    public static bool IsConnectionProblem(Exception exception) =>
        exception is OperationInterruptedException or RabbitMQClientException or IOException or ObjectDisposedException;
}
