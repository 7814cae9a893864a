using Acme._1.Contracts;
using Acme._1.Messaging.RabbitMq;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace Acme._1.Messaging;

internal static class RabbitMqRequests
{
    public static void AddRequestTransport(this IServiceCollection services) =>
        services.TryAddSingleton<IRequestTransport, RabbitMqRequestTransport>();
}

/// <summary>
/// Requests go through the queue; answers come by RabbitMQ's direct reply-to (https://www.rabbitmq.com/docs/direct-reply-to):
/// no queue per requester, and an answer whose requester is gone is dropped by the server.
/// </summary>
internal sealed class RabbitMqRequestTransport : IRequestTransport, IAsyncDisposable
{
    private const string ReplyTo = "amq.rabbitmq.reply-to";

    /// <summary>That somebody consumes the queue is believed for so long; then it is looked up again.</summary>
    private static readonly TimeSpan ResponderSeen = TimeSpan.FromSeconds(1);

    private readonly RabbitMqTransport _transport;
    private readonly PendingRequests _pending;
    private readonly TimeProvider _clock;
    private readonly RabbitMqPublishingChannel _channel;
    private long _seenAt;

    public RabbitMqRequestTransport(RabbitMqConnection connections, RabbitMqTransport transport, PendingRequests pending, TimeProvider clock)
    {
        (_transport, _pending, _clock) = (transport, pending, clock);
        _channel = new(connections, ListenAsync);
    }

    public async Task SendRequestAsync(Destination destination, Envelope request, CancellationToken cancellationToken)
    {
        var properties = RabbitMqHeaders.Write(request);
        properties.ReplyTo = ReplyTo;
        properties.CorrelationId = request.CorrelationId;
        try
        {
            // Direct reply-to wants the request on the channel that waits for the answer.
            await CheckResponderAsync(await _channel.GetAsync(cancellationToken), destination.Name, cancellationToken);
            await RabbitMqTransport.PublishAsync(
                _channel.GetAsync, string.Empty, destination.Name, mandatory: true, properties, request.Data, cancellationToken);
        }
        catch (Exception exception) when (RabbitMqTransport.IsConnectionProblem(exception))
        {
            throw new BrokerUnavailableException($"RabbitMQ did not take the request: {exception.Message}", exception);
        }
    }

    public Task SendReplyAsync(string replyTo, Envelope reply, CancellationToken cancellationToken)
    {
        var properties = RabbitMqHeaders.Write(reply);
        properties.CorrelationId = reply.CorrelationId;
        properties.DeliveryMode = DeliveryModes.Transient;

        // Not mandatory: that the requester has gone is no news to anyone.
        return _transport.PublishAsync(string.Empty, replyTo, mandatory: false, properties, reply.Data, cancellationToken);
    }

    public ValueTask DisposeAsync() => _channel.DisposeAsync();

    /// <summary>The queue keeps a request also when nobody consumes it; the requester would wait for nothing.</summary>
    private async Task CheckResponderAsync(IChannel channel, string queue, CancellationToken cancellationToken)
    {
        var seenAt = Volatile.Read(ref _seenAt);
        if (seenAt != 0 && _clock.GetElapsedTime(seenAt) < ResponderSeen)
        {
            return;
        }

        if (await channel.ConsumerCountAsync(queue, cancellationToken) == 0)
        {
            throw new NoResponderException(queue);
        }

        Volatile.Write(ref _seenAt, _clock.GetTimestamp());
    }

    /// <summary>Answers come to the channel that asks.</summary>
    private async Task ListenAsync(IChannel channel, CancellationToken cancellationToken)
    {
        var consumer = new AsyncEventingBasicConsumer(channel);
        consumer.ReceivedAsync += (_, message) =>
        {
            _pending.Complete(RabbitMqHeaders.Read(message.BasicProperties), message.Body);
            return Task.CompletedTask;
        };
        await channel.BasicConsumeAsync(ReplyTo, autoAck: true, consumer, cancellationToken);
    }
}
