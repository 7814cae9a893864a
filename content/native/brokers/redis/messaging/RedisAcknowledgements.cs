using System.Diagnostics.CodeAnalysis;
using StackExchange.Redis;

namespace Acme._1.Messaging.Redis;

/// <summary>
/// Acknowledges what was handled of one source. For many messages that costs Redis hardly more than for one: what is done while
/// a command is under way goes in the next one. None waits for others to come.
/// </summary>
internal sealed class RedisAcknowledgements(RedisSource source, RedisConnection connection)
{
    private readonly Lock _gate = new();
    private Batch _waiting = new();
    private bool _isSending;

    /// <summary>Returns when Redis knows that this message is done.</summary>
    /// <exception cref="BrokerUnavailableException">It is not known to know.</exception>
    public Task AddAsync(RedisValue id, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            _waiting.Ids.Add(id);
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
                await SendAsync([.. batch.Ids]);
                batch.Known.SetResult();
            }
            catch (Exception exception)
            {
                batch.Known.SetException(exception);
            }
        }
    }

    private Task SendAsync(RedisValue[] ids) => source.IsTopic
        ? connection.RunAsync(database => database.StreamAcknowledgeAsync(source.Stream, source.Group, ids), CancellationToken.None)
        : connection.RunScriptAsync(RedisScripts.Complete, [source.Stream], [source.Group, .. ids], CancellationToken.None);

    private Batch? TakeWaiting()
    {
        lock (_gate)
        {
            if (_waiting.Ids.Count == 0)
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
        public List<RedisValue> Ids { get; } = [];

        public TaskCompletionSource Known { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
