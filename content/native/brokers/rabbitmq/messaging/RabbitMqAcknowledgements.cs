using RabbitMQ.Client;

namespace Acme._1.Messaging.RabbitMq;

/// <summary>
/// Acknowledges what was handled on one channel. RabbitMQ can take "all up to this one", and each acknowledgement is an
/// entry in the log of a quorum queue: what is done at the same time goes in one. None waits for others to come, and none
/// covers a message that is not done.
/// </summary>
internal sealed class RabbitMqAcknowledgements(IChannel channel)
{
    private readonly Lock _gate = new();
    private readonly HashSet<ulong> _ahead = [];
    private List<ulong> _waiting = [];
    private List<ulong> _sending = [];
    private ulong _firstOpen = 1;
    private Task _flushing = Task.CompletedTask;

    /// <summary>This message is done. If the channel is lost before RabbitMQ knows, the message is delivered again.</summary>
    public void Add(ulong deliveryTag)
    {
        lock (_gate)
        {
            _waiting.Add(deliveryTag);
            if (_flushing.IsCompleted)
            {
                _flushing = Task.Run(SendAsync);
            }
        }
    }

    /// <summary>This message was settled in another way.</summary>
    public void Skip(ulong deliveryTag)
    {
        lock (_gate)
        {
            Close(deliveryTag);
        }
    }

    /// <summary>Returns when all that was added has left.</summary>
    public Task FlushAsync()
    {
        lock (_gate)
        {
            return _flushing;
        }
    }

    private async Task SendAsync()
    {
        try
        {
            while (TakeWaiting() is { } upTo)
            {
                // Those before it that were settled already, here or in another way, are none of its business.
                if (upTo > 0)
                {
                    await channel.BasicAckAsync(upTo, multiple: true);
                }

                foreach (var deliveryTag in _sending.Where(tag => tag > upTo))
                {
                    await channel.BasicAckAsync(deliveryTag, multiple: false);
                }
            }
        }
        catch (Exception exception) when (RabbitMqTransport.IsConnectionProblem(exception))
        {
            // The channel is gone, as its owner knows by now, and what it did not say will be delivered again.
        }
    }

    /// <returns>Up to where everything is done, if that ends with one that is waiting, or 0; null if none is waiting.</returns>
    private ulong? TakeWaiting()
    {
        lock (_gate)
        {
            if (_waiting.Count == 0)
            {
                // Under the lock: whoever adds one after this finds that nobody is sending.
                _flushing = Task.CompletedTask;
                return null;
            }

            (_sending, _waiting) = (_waiting, _sending);
            _waiting.Clear();
            _sending.ForEach(Close);
            return _sending.Where(tag => tag < _firstOpen).DefaultIfEmpty().Max();
        }
    }

    private void Close(ulong deliveryTag)
    {
        _ahead.Add(deliveryTag);
        while (_ahead.Remove(_firstOpen))
        {
            _firstOpen++;
        }
    }
}
