using System.Collections.Concurrent;
using MassTransit;

namespace Acme._1.Messaging.InMemory;

/// <summary>MassTransit's in-memory transport can delay a message by itself.</summary>
internal sealed class InMemoryRetryQueue(TimeProvider clock) : IRetryQueue
{
    private readonly ConcurrentDictionary<string, int> _waiting = new();

    public int WaitingFor(string queue) => _waiting.GetValueOrDefault(queue);

    public async Task SendAsync(ReceiveContext message, FailureHistory failures, TimeSpan delay)
    {
        var headers = RawMessages.ReadHeaders(message);
        foreach (var (name, value) in failures.ToHeaders())
        {
            headers[name] = value;
        }

        var queue = message.GetQueueName();
        await message.SendEndpointProvider.SendRawAsync(RawMessages.QueueAddress(queue), message.GetBody(), headers, delay);
        _ = CountAsync(queue, delay);
    }

    public bool IsOurs(ReceiveContext message) => true;

    private async Task CountAsync(string queue, TimeSpan delay)
    {
        _waiting.AddOrUpdate(queue, 1, (_, count) => count + 1);
        await Task.Delay(delay, clock);
        _waiting.AddOrUpdate(queue, 0, (_, count) => count - 1);
    }
}
