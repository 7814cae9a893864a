using System.Collections.Concurrent;
using System.Threading.Channels;
using Acme._1.Contracts;

namespace Acme._1.Messaging.InMemory;

/// <summary>
/// A broker inside the process, for trying things out and for fast tests. It behaves as the real ones do (retries
/// with a delay, dead letters, backpressure), but what it holds is gone when the process ends.
/// </summary>
internal sealed class InMemoryBroker : ITransport
{
    private readonly ConcurrentDictionary<string, InMemoryQueue> _queues = new();
    private readonly ConcurrentDictionary<string, InMemoryTopic> _topics = new();

    public InMemoryBroker(HandlerRegistry registry)
    {
        foreach (var subscription in registry.Subscriptions)
        {
            Topic(subscription.Topic).Subscribe(message => subscription.Wants(message.Headers.GetValueOrDefault(HeaderNames.Subject))
                ? Queue(subscription.Queue).EnqueueAsync(message, CancellationToken.None).AsTask()
                : Task.CompletedTask);
        }
    }

    public string System => "in_memory";

    public InMemoryQueue Queue(string name) => _queues.GetOrAdd(name, static name => new(name));

    public InMemoryTopic Topic(string name) => _topics.GetOrAdd(name, static _ => new());

    public Task SendAsync(Destination destination, Envelope envelope, CancellationToken cancellationToken) =>
        SendAsync(destination, new InMemoryMessage(EnvelopeHeaders.Write(envelope), envelope.Data), cancellationToken);

    public Task SendAsync(Destination destination, InMemoryMessage message, CancellationToken cancellationToken) =>
        destination.Kind is DestinationKind.Queue
            ? Queue(destination.Name).EnqueueAsync(message, cancellationToken).AsTask()
            : Topic(destination.Name).PublishAsync(message, cancellationToken);
}

internal sealed record InMemoryMessage(IReadOnlyDictionary<string, string> Headers, ReadOnlyMemory<byte> Body);

internal sealed class InMemoryQueue(string name)
{
    /// <summary>A full queue makes publishers wait, and then fail: memory is finite, and nothing may be dropped.</summary>
    private const int Capacity = 100_000;

    private readonly Channel<InMemoryMessage> _messages = Channel.CreateBounded<InMemoryMessage>(Capacity);
    private int _retrying;

    public string Name => name;

    public ChannelReader<InMemoryMessage> Reader => _messages.Reader;

    public int Retrying => Volatile.Read(ref _retrying);

    public InMemoryDeadLetters DeadLetters { get; } = new(name);

    public ValueTask EnqueueAsync(InMemoryMessage message, CancellationToken cancellationToken) =>
        _messages.Writer.WriteAsync(message, cancellationToken);

    /// <summary>Puts the message back after the delay. Does not wait for it.</summary>
    public void EnqueueLater(InMemoryMessage message, TimeSpan delay, TimeProvider clock)
    {
        Interlocked.Increment(ref _retrying);
        ITimer? timer = null;
        timer = clock.CreateTimer(_ => _ = ReturnAsync(), state: null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        timer.Change(delay, Timeout.InfiniteTimeSpan);

        async Task ReturnAsync()
        {
            await using (timer)
            {
                await _messages.Writer.WriteAsync(message);
                Interlocked.Decrement(ref _retrying);
            }
        }
    }
}

/// <summary>Hands each message to everyone who has subscribed by then.</summary>
internal sealed class InMemoryTopic
{
    private readonly ConcurrentDictionary<Guid, Func<InMemoryMessage, Task>> _subscribers = new();

    public IDisposable Subscribe(Func<InMemoryMessage, Task> subscriber)
    {
        var id = Guid.NewGuid();
        _subscribers[id] = subscriber;
        return new Subscription(() => _subscribers.TryRemove(id, out _));
    }

    public Task PublishAsync(InMemoryMessage message, CancellationToken cancellationToken) =>
        Task.WhenAll(_subscribers.Values.Select(subscriber => subscriber(message))).WaitAsync(cancellationToken);

    private sealed class Subscription(Action unsubscribe) : IDisposable
    {
        public void Dispose() => unsubscribe();
    }
}
