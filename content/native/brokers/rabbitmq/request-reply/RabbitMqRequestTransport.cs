using System.Diagnostics.CodeAnalysis;
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
internal sealed class RabbitMqRequestTransport(
    RabbitMqConnection connections, RabbitMqTransport transport, PendingRequests pending, TimeProvider clock)
    : IRequestTransport, IAsyncDisposable
{
    private const string ReplyTo = "amq.rabbitmq.reply-to";

    /// <summary>That somebody consumes the queue is believed for so long; then it is looked up again.</summary>
    private static readonly TimeSpan ResponderSeen = TimeSpan.FromSeconds(1);

    private readonly SemaphoreSlim _opening = new(1);
    private RabbitMqTransport.OpenChannel? _open;
    private long _seenAt;

    public async Task SendRequestAsync(Destination destination, Envelope request, CancellationToken cancellationToken)
    {
        var properties = RabbitMqHeaders.Write(request);
        properties.ReplyTo = ReplyTo;
        properties.CorrelationId = request.CorrelationId;
        try
        {
            // Direct reply-to wants the request on the channel that waits for the answer.
            await CheckResponderAsync(await GetChannelAsync(cancellationToken), destination.Name, cancellationToken);
            await RabbitMqTransport.PublishAsync(
                GetChannelAsync, string.Empty, destination.Name, mandatory: true, properties, request.Data, cancellationToken);
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
        return transport.PublishAsync(string.Empty, replyTo, mandatory: false, properties, reply.Data, cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        if (_open is not null)
        {
            await _open.Channel.DisposeAsync();
        }

        _opening.Dispose();
    }

    /// <summary>The queue keeps a request also when nobody consumes it; the requester would wait for nothing.</summary>
    private async Task CheckResponderAsync(IChannel channel, string queue, CancellationToken cancellationToken)
    {
        var seenAt = Volatile.Read(ref _seenAt);
        if (seenAt != 0 && clock.GetElapsedTime(seenAt) < ResponderSeen)
        {
            return;
        }

        if (await channel.ConsumerCountAsync(queue, cancellationToken) == 0)
        {
            throw new NoResponderException(queue);
        }

        Volatile.Write(ref _seenAt, clock.GetTimestamp());
    }

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
                var channel = await connection.CreateChannelAsync(RabbitMqTransport.WithConfirms, cancellationToken);
                var consumer = new AsyncEventingBasicConsumer(channel);
                consumer.ReceivedAsync += (_, message) =>
                {
                    pending.Complete(RabbitMqHeaders.Read(message.BasicProperties), message.Body);
                    return Task.CompletedTask;
                };
                await channel.BasicConsumeAsync(ReplyTo, autoAck: true, consumer, cancellationToken);
                _open = new(connection, channel);
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
}
