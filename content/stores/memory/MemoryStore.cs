using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;
using System.Threading.Channels;
using Acme._1.Contracts;
using Acme._1.Messaging;

namespace Acme._1.Consumer.Stores;

/// <summary>
/// Inbox, outbox and orders in this process's memory: for trying things out. Another process, and this one after a
/// restart, knows nothing of what was processed; use a database where that matters.
/// </summary>
internal sealed class MemoryStore
{
    /// <summary>The ids of as many processed messages are remembered; memory stays bounded.</summary>
    private const int InboxCapacity = 100_000;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, OrderStatus> _orders = [];
    private readonly HashSet<string> _processed = [];
    private readonly Queue<string> _processedInOrder = [];
    private readonly ConcurrentDictionary<string, TaskCompletionSource> _running = new();
    private readonly Channel<OutgoingMessage> _outgoing = Channel.CreateUnbounded<OutgoingMessage>();

    public ChannelReader<OutgoingMessage> Outgoing => _outgoing.Reader;

    public OrderStatus? Find(string orderId)
    {
        lock (_gate)
        {
            return _orders.GetValueOrDefault(orderId);
        }
    }

    /// <summary>Takes the right to process this message, or returns null if it was processed. Waits for a twin that is being processed.</summary>
    public async Task<IDisposable?> ClaimAsync(string messageId, CancellationToken cancellationToken)
    {
        var mine = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        while (true)
        {
            var running = _running.GetOrAdd(messageId, mine);
            if (running != mine)
            {
                await running.Task.WaitAsync(cancellationToken);
                continue;
            }

            lock (_gate)
            {
                if (!_processed.Contains(messageId))
                {
                    return new Claim(this, messageId, mine);
                }
            }

            Release(messageId, mine);
            return null;
        }
    }

    /// <summary>Everything in one go: nobody sees half of it.</summary>
    public void Commit(string messageId, IEnumerable<(string OrderId, int Attempt)> effects, IEnumerable<OutgoingMessage> messages)
    {
        lock (_gate)
        {
            _processed.Add(messageId);
            _processedInOrder.Enqueue(messageId);
            if (_processedInOrder.Count > InboxCapacity)
            {
                _processed.Remove(_processedInOrder.Dequeue());
            }

            foreach (var (orderId, attempt) in effects)
            {
                var effectsBefore = _orders.TryGetValue(orderId, out var order) ? order.Effects : 0;
                _orders[orderId] = new(orderId, "processed", effectsBefore + 1, attempt);
            }

            foreach (var message in messages)
            {
                _outgoing.Writer.TryWrite(message);
            }
        }
    }

    private void Release(string messageId, TaskCompletionSource running)
    {
        _running.TryRemove(messageId, out _);
        running.SetResult();
    }

    private sealed class Claim(MemoryStore store, string messageId, TaskCompletionSource running) : IDisposable
    {
        public void Dispose() => store.Release(messageId, running);
    }
}

/// <summary>What one handler has done so far. Nothing of it shows before it is committed.</summary>
internal sealed class MemoryTransaction(MemoryStore store) : IInbox, IOutbox, IOrderStore
{
    private readonly List<(string OrderId, int Attempt)> _effects = [];
    private readonly List<OutgoingMessage> _messages = [];

    public async Task<bool> RunOnceAsync(string messageId, Func<CancellationToken, Task> work, CancellationToken cancellationToken)
    {
        using var claim = await store.ClaimAsync(messageId, cancellationToken);
        if (claim is null)
        {
            return false;
        }

        await work(cancellationToken);
        store.Commit(messageId, _effects, _messages);
        return true;
    }

    public void Add<T>(T message)
        where T : class
    {
        var type = MessageTypes.Of(typeof(T));
        _messages.Add(new(
            Guid.CreateVersion7().ToString(), type.Name, JsonSerializer.SerializeToUtf8Bytes(message, type.Json), Activity.Current?.Id));
    }

    public Task<OrderStatus?> FindAsync(string orderId, CancellationToken cancellationToken) => Task.FromResult(store.Find(orderId));

    public Task AddEffectAsync(string orderId, int attempt, CancellationToken cancellationToken)
    {
        _effects.Add((orderId, attempt));
        return Task.CompletedTask;
    }
}
