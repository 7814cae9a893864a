using System.Diagnostics.CodeAnalysis;
using Acme._1.Contracts;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace Acme._1.Messaging.RabbitMq;

/// <summary>Publishes with confirms, over one channel that is opened anew when it was closed.</summary>
internal sealed class RabbitMqTransport(RabbitMqConnection connections) : ITransport, IAsyncDisposable
{
    // With tracking on, BasicPublishAsync returns when the broker has confirmed, and throws when it refuses or returns
    // the message. The client's own limiter of unconfirmed messages is off: it lets through about one batch a second.
    public static readonly CreateChannelOptions WithConfirms = new(
        publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true, outstandingPublisherConfirmationsRateLimiter: null);

    private readonly SemaphoreSlim _opening = new(1);
    private OpenChannel? _open;

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

    public async ValueTask DisposeAsync()
    {
        if (_open is not null)
        {
            await _open.Channel.DisposeAsync();
        }

        _opening.Dispose();
    }

    public async Task PublishAsync(
        string exchange, string routingKey, bool mandatory, BasicProperties properties, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        try
        {
            await PublishAsync(GetChannelAsync, exchange, routingKey, mandatory, properties, body, cancellationToken);
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

    [SuppressMessage("Reliability", "CA2000", Justification = "The channel is disposed with this object, or with its connection.")]
    private async ValueTask<IChannel> GetChannelAsync(CancellationToken cancellationToken)
    {
        if (_open is { IsUsable: true } open)
        {
            return open.Channel;
        }

        await _opening.WaitAsync(cancellationToken);
        try
        {
            if (_open is not { IsUsable: true })
            {
                var connection = await connections.GetPublishingAsync(cancellationToken);
                _open = new(connection, await connection.CreateChannelAsync(WithConfirms, cancellationToken));
            }

            return _open.Channel;
        }
        catch (OperationCanceledException exception) when (connections.Problem is { } problem)
        {
            throw new BrokerUnavailableException($"RabbitMQ is not connected: {problem}", exception);
        }
        finally
        {
            _opening.Release();
        }
    }

    /// <summary>A channel that was opened while its connection broke may not have heard of it, and would wait for confirmations for ever.</summary>
    internal sealed record OpenChannel(IConnection Connection, IChannel Channel)
    {
        public bool IsUsable => Connection.IsOpen && Channel.IsOpen;
    }
}
