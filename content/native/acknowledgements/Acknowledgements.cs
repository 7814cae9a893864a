using System.Diagnostics.CodeAnalysis;

namespace Acme._1.Messaging;

/// <summary>
/// Acknowledges what was handled of one source. For many messages that costs the broker hardly more than for one: what is done
/// while some are under way goes together afterwards. None waits for others to come.
/// </summary>
/// <param name="send">Returns when the broker knows that these are done; never given none.</param>
internal sealed class Acknowledgements<TMessage>(Func<IReadOnlyList<TMessage>, Task> send)
{
    private readonly Lock _gate = new();
    private Batch _waiting = new();
    private bool _isSending;

    /// <summary>Returns when the broker knows that this message is done.</summary>
    /// <exception cref="BrokerUnavailableException">It is not known to know.</exception>
    public Task AddAsync(TMessage message, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            _waiting.Messages.Add(message);
            if (!_isSending)
            {
                _isSending = true;
                _ = Task.Run(SendAsync, CancellationToken.None);
            }

            return _waiting.Known.Task.WaitAsync(cancellationToken);
        }
    }

    [SuppressMessage("Design", "CA1031", Justification = "Whatever it is, those who wait are told.")]
    private async Task SendAsync()
    {
        while (TakeWaiting() is { } batch)
        {
            try
            {
                await send(batch.Messages);
                batch.Known.SetResult();
            }
            catch (Exception exception)
            {
                batch.Known.SetException(exception);
            }
        }
    }

    private Batch? TakeWaiting()
    {
        lock (_gate)
        {
            if (_waiting.Messages.Count == 0)
            {
                // Under the lock: whoever adds one after this finds that nobody is sending.
                _isSending = false;
                return null;
            }

            var batch = _waiting;
            _waiting = new();
            return batch;
        }
    }

    private sealed class Batch
    {
        public List<TMessage> Messages { get; } = [];

        public TaskCompletionSource Known { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
