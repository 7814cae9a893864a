using System.Collections.Concurrent;
using System.Threading.Channels;
using Acme._1.Messaging;

namespace Acme._1.Consumer.Stores;

/// <summary>
/// Inbox and outbox in this process's memory: for trying things out. Another process, and this one after a restart,
/// knows nothing of what was processed; use a database where that matters.
/// </summary>
internal sealed class MemoryInbox
{
    /// <summary>The ids of as many processed messages are remembered; memory stays bounded.</summary>
    private const int Capacity = 100_000;

    private readonly Lock _gate = new();
    private readonly HashSet<MessageKey> _processed = [];
    private readonly Queue<MessageKey> _processedInOrder = [];
    private readonly ConcurrentDictionary<MessageKey, TaskCompletionSource> _running = new();
    private readonly Channel<OutgoingMessage> _outgoing = Channel.CreateUnbounded<OutgoingMessage>();

    public ChannelReader<OutgoingMessage> Outgoing => _outgoing.Reader;

    /// <summary>Takes the right to process this message, or returns null if it was processed. Waits for a twin that is being processed.</summary>
    public async Task<IDisposable?> ClaimAsync(MessageKey message, CancellationToken cancellationToken)
    {
        var mine = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        while (true)
        {
            var running = _running.GetOrAdd(message, mine);
            if (running != mine)
            {
                await running.Task.WaitAsync(cancellationToken);
                continue;
            }

            lock (_gate)
            {
                if (!_processed.Contains(message))
                {
                    return new Claim(this, message, mine);
                }
            }

            Release(message, mine);
            return null;
        }
    }

    /// <summary>Everything in one go: nobody who reads under <see cref="Read"/> sees half of it.</summary>
    public void Commit(MessageKey message, IEnumerable<Action> effects, IEnumerable<OutgoingMessage> messages)
    {
        lock (_gate)
        {
            _processed.Add(message);
            _processedInOrder.Enqueue(message);
            if (_processedInOrder.Count > Capacity)
            {
                _processed.Remove(_processedInOrder.Dequeue());
            }

            foreach (var effect in effects)
            {
                effect();
            }

            foreach (var outgoing in messages)
            {
                _outgoing.Writer.TryWrite(outgoing);
            }
        }
    }

    /// <summary>Reads what effects have written, as it is between two commits.</summary>
    public T Read<T>(Func<T> read)
    {
        lock (_gate)
        {
            return read();
        }
    }

    private void Release(MessageKey message, TaskCompletionSource running)
    {
        _running.TryRemove(message, out _);
        running.SetResult();
    }

    private sealed class Claim(MemoryInbox inbox, MessageKey message, TaskCompletionSource running) : IDisposable
    {
        public void Dispose() => inbox.Release(message, running);
    }
}

internal readonly record struct MessageKey(string Queue, string MessageId);
