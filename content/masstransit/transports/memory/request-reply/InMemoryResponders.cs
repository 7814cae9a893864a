using MassTransit;

namespace Acme._1.Messaging.InMemory;

/// <summary>Both sides are in one process: somebody answers if this process consumes the queue.</summary>
internal sealed class InMemoryResponders(IBusRegistrationContext registrations) : IResponders
{
    private readonly IReadOnlyList<string> _queues = registrations.GetConsumedQueues();

    public Task CheckAsync(string queue, CancellationToken cancellationToken) =>
        _queues.Contains(queue) ? Task.CompletedTask : throw new NoResponderException(queue);
}
