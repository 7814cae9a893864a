using MassTransit;

namespace Acme._1.Messaging.InMemory;

/// <summary>MassTransit's in-memory transport can delay a message by itself.</summary>
internal sealed class InMemoryRetryQueue(TimeProvider clock) : IRetryQueue
{
    private int _waiting;

    public int Waiting => Volatile.Read(ref _waiting);

    public async Task SendAsync(ReceiveContext message, FailureHistory failures, TimeSpan delay)
    {
        var headers = RawMessages.ReadHeaders(message);
        foreach (var (name, value) in failures.ToHeaders())
        {
            headers[name] = value;
        }

        await message.SendEndpointProvider.SendRawAsync(message.GetQueueName(), message.GetBody(), headers, delay);
        _ = CountAsync(delay);
    }

    public bool IsOurs(ReceiveContext message) => true;

    private async Task CountAsync(TimeSpan delay)
    {
        Interlocked.Increment(ref _waiting);
        await Task.Delay(delay, clock);
        Interlocked.Decrement(ref _waiting);
    }
}
