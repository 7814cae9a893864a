using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace Acme._1.Messaging.RabbitMq;

/// <summary>The queue keeps a request also when nobody consumes it; the requester would wait for nothing.</summary>
internal sealed class RabbitMqResponders(RabbitMqConnection connections, TimeProvider clock) : IResponders, IDisposable
{
    /// <summary>That somebody consumes the queue is believed for so long; then it is looked up again.</summary>
    private static readonly TimeSpan ResponderSeen = TimeSpan.FromSeconds(1);

    private readonly SemaphoreSlim _asking = new(1);
    private readonly Dictionary<string, long> _seenAt = [];

    public async Task CheckAsync(string queue, CancellationToken cancellationToken)
    {
        await _asking.WaitAsync(cancellationToken);
        try
        {
            if (_seenAt.TryGetValue(queue, out var seenAt) && clock.GetElapsedTime(seenAt) < ResponderSeen)
            {
                return;
            }

            if (await CountConsumersAsync(queue, cancellationToken) == 0)
            {
                throw new NoResponderException(queue);
            }

            _seenAt[queue] = clock.GetTimestamp();
        }
        finally
        {
            _asking.Release();
        }
    }

    public void Dispose() => _asking.Dispose();

    private async Task<uint> CountConsumersAsync(string queue, CancellationToken cancellationToken)
    {
        var connection = await connections.GetAsync(cancellationToken);
        try
        {
            await using var channel = await connection.CreateChannelAsync(cancellationToken: cancellationToken);
            return await channel.ConsumerCountAsync(queue, cancellationToken);
        }
        catch (OperationInterruptedException exception) when (exception.ShutdownReason?.ReplyCode == Constants.NotFound)
        {
            // No responder was ever here.
            return 0;
        }
        catch (Exception exception) when (RabbitMqConnection.IsConnectionProblem(exception))
        {
            throw RabbitMqConnection.Unavailable(exception);
        }
    }
}
