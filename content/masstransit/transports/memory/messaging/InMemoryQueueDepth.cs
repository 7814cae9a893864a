using System.Collections.Concurrent;
using MassTransit;

namespace Acme._1.Messaging.InMemory;

/// <summary>Counts what goes into the queues and what comes out: the in-memory transport does not say how much is in between.</summary>
internal sealed class InMemoryQueueDepth : IPublishObserver, ISendObserver, IReceiveObserver
{
    private readonly ConcurrentDictionary<string, int> _depths = new();

    /// <summary>What is in the queue, and what is on its way to it after a delay.</summary>
    public int Of(string queue) => _depths.GetValueOrDefault(queue);

    // Counted before it is sent: a consumer may have it before the sender knows.
    public Task PrePublish<T>(PublishContext<T> context)
        where T : class => Add(context.DestinationAddress, 1);

    public Task PostPublish<T>(PublishContext<T> context)
        where T : class => Task.CompletedTask;

    public Task PublishFault<T>(PublishContext<T> context, Exception exception)
        where T : class => Add(context.DestinationAddress, -1);

    public Task PreSend<T>(SendContext<T> context)
        where T : class => Add(context.DestinationAddress, 1);

    public Task PostSend<T>(SendContext<T> context)
        where T : class => Task.CompletedTask;

    public Task SendFault<T>(SendContext<T> context, Exception exception)
        where T : class => Add(context.DestinationAddress, -1);

    public Task PreReceive(ReceiveContext context) => Add(context.InputAddress, -1);

    public Task PostReceive(ReceiveContext context) => Task.CompletedTask;

    public Task PostConsume<T>(ConsumeContext<T> context, TimeSpan duration, string consumerType)
        where T : class => Task.CompletedTask;

    public Task ConsumeFault<T>(ConsumeContext<T> context, TimeSpan duration, string consumerType, Exception exception)
        where T : class => Task.CompletedTask;

    public Task ReceiveFault(ReceiveContext context, Exception exception) => Task.CompletedTask;

    private Task Add(Uri? address, int count)
    {
        if (address is not null)
        {
            _depths.AddOrUpdate(address.Segments[^1], count, (_, depth) => depth + count);
        }

        return Task.CompletedTask;
    }
}
