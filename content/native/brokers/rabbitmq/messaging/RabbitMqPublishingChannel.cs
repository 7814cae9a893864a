using System.Diagnostics.CodeAnalysis;
using RabbitMQ.Client;

namespace Acme._1.Messaging.RabbitMq;

/// <summary>One channel with confirms, opened when it is needed, and anew when it is of no use any more.</summary>
/// <param name="connections">Where the connection comes from.</param>
/// <param name="prepareAsync">What to do with each new channel before anyone publishes by it.</param>
internal sealed class RabbitMqPublishingChannel(
    RabbitMqConnection connections, Func<IChannel, CancellationToken, Task>? prepareAsync = null) : IAsyncDisposable
{
    // With tracking on, BasicPublishAsync returns when the broker has confirmed, and throws when it refuses or returns
    // the message. The client's own limiter of unconfirmed messages is off: it lets through about one batch a second.
    private static readonly CreateChannelOptions WithConfirms = new(
        publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true, outstandingPublisherConfirmationsRateLimiter: null);

    private readonly SemaphoreSlim _opening = new(1);
    private Opened? _opened;

    /// <exception cref="BrokerUnavailableException">There is no connection, and none came before the caller gave up.</exception>
    [SuppressMessage("Reliability", "CA2000", Justification = "The channel is disposed with this object, or with its connection.")]
    public async ValueTask<IChannel> GetAsync(CancellationToken cancellationToken)
    {
        if (_opened is { IsUsable: true } opened)
        {
            return opened.Channel;
        }

        await _opening.WaitAsync(cancellationToken);
        try
        {
            if (_opened is not { IsUsable: true })
            {
                var connection = await connections.GetPublishingAsync(cancellationToken);
                var channel = await connection.CreateChannelAsync(WithConfirms, cancellationToken);
                if (prepareAsync is not null)
                {
                    await prepareAsync(channel, cancellationToken);
                }

                _opened = new(connection, channel);
            }

            return _opened.Channel;
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

    public async ValueTask DisposeAsync()
    {
        if (_opened is not null)
        {
            await _opened.Channel.DisposeAsync();
        }

        _opening.Dispose();
    }

    private sealed record Opened(IConnection Connection, IChannel Channel)
    {
        /// <summary>A channel that was opened while its connection broke may not have heard of it, and would wait for confirmations for ever.</summary>
        public bool IsUsable => Connection.IsOpen && Channel.IsOpen;
    }
}
