using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Acme._1.Messaging.InMemory;

/// <summary>Feeds the pump from the in-memory queues.</summary>
internal sealed class InMemoryReceiver(
    InMemoryBroker broker, HandlerRegistry registry, MessagePump pump, IOptions<MessagingOptions> options, TimeProvider clock)
    : BackgroundService
{
    private readonly CancellationTokenSource _abort = new();

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(
        from name in registry.Queues
        let queue = broker.Queue(name)
        from worker in Enumerable.Range(0, options.Value.Concurrency)
        select WorkAsync(queue, stoppingToken));

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        // Handlers may finish until the host's shutdown timeout; then they are cancelled.
        await using var registration = cancellationToken.Register(_abort.Cancel);
        await base.StopAsync(cancellationToken);
    }

    public override void Dispose()
    {
        _abort.Dispose();
        base.Dispose();
    }

    private async Task WorkAsync(InMemoryQueue queue, CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            InMemoryMessage message;
            try
            {
                message = await queue.Reader.ReadAsync(stoppingToken);
            }
            catch (OperationCanceledException)
            {
                return;
            }

            await pump.ProcessAsync(new InMemoryDelivery(queue, message, clock), _abort.Token);
        }
    }

    private sealed class InMemoryDelivery(InMemoryQueue queue, InMemoryMessage message, TimeProvider clock) : IDelivery
    {
        public string Queue => queue.Name;

        public IReadOnlyDictionary<string, string> Headers => message.Headers;

        public ReadOnlyMemory<byte> Body => message.Body;

        public CancellationToken Lost => CancellationToken.None;

        public Task CompleteAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task RetryAsync(FailureHistory failures, TimeSpan delay, CancellationToken cancellationToken)
        {
            var headers = new Dictionary<string, string>(message.Headers);
            failures.Write(headers);
            queue.EnqueueLater(message with { Headers = headers }, delay, clock);
            return Task.CompletedTask;
        }

        public Task DeadLetterAsync(FailureHistory failures, CancellationToken cancellationToken)
        {
            queue.DeadLetters.Add(message, failures);
            return Task.CompletedTask;
        }
    }
}
