using System.Collections.Concurrent;
using MassTransit;

namespace Acme._1.Messaging.InMemory;

/// <summary>Counts what goes into the queues and what comes out: the in-memory transport does not say how much is in between.</summary>
internal sealed class InMemoryQueueDepth : IPublishObserver, ISendObserver, IReceiveObserver
{
    private readonly ConcurrentDictionary<string, int> _depths = new();
    private readonly ConcurrentBag<(string Queue, string Topic, string? Subject)> _subscriptions = [];

    /// <summary>What is in the queue, and what is on its way to it after a delay.</summary>
    public int Of(string queue) => _depths.GetValueOrDefault(queue);

    /// <summary>What is published to this topic with this subject (or any, if it is null) goes into the queue.</summary>
    public void Subscribe(string queue, string topic, string? subject) => _subscriptions.Add((queue, topic, subject));

    // Counted before it is sent: a consumer may have it before the sender knows.
    public Task PrePublish<T>(PublishContext<T> context)
        where T : class => Sent(context, 1);

    public Task PostPublish<T>(PublishContext<T> context)
        where T : class => Task.CompletedTask;

    public Task PublishFault<T>(PublishContext<T> context, Exception exception)
        where T : class => Sent(context, -1);

    public Task PreSend<T>(SendContext<T> context)
        where T : class => Sent(context, 1);

    public Task PostSend<T>(SendContext<T> context)
        where T : class => Task.CompletedTask;

    public Task SendFault<T>(SendContext<T> context, Exception exception)
        where T : class => Sent(context, -1);

    public Task PreReceive(ReceiveContext context)
    {
        Add(context.GetQueueName(), -1);
        return Task.CompletedTask;
    }

    public Task PostReceive(ReceiveContext context) => Task.CompletedTask;

    public Task PostConsume<T>(ConsumeContext<T> context, TimeSpan duration, string consumerType)
        where T : class => Task.CompletedTask;

    public Task ConsumeFault<T>(ConsumeContext<T> context, TimeSpan duration, string consumerType, Exception exception)
        where T : class => Task.CompletedTask;

    public Task ReceiveFault(ReceiveContext context, Exception exception) => Task.CompletedTask;

    private Task Sent(SendContext context, int count)
    {
        if (context.DestinationAddress is { } address)
        {
            // A queue of that name, or the queues that the topic of that name feeds: nothing is both.
            var destination = address.Segments[^1];
            Add(destination, count);
            foreach (var (queue, topic, subject) in _subscriptions)
            {
                if (topic == destination && (subject is null || subject == context.RoutingKey()))
                {
                    Add(queue, count);
                }
            }
        }

        return Task.CompletedTask;
    }

    private void Add(string queue, int count) => _depths.AddOrUpdate(queue, count, (_, depth) => depth + count);
}
