using System.Diagnostics.CodeAnalysis;
using StackExchange.Redis;

namespace Acme._1.Messaging.Redis;

/// <param name="queue">Where it came from.</param>
/// <param name="entry">The message.</param>
/// <param name="consumer">Our name in the group.</param>
/// <param name="retryScheduled">Called after a retry was scheduled.</param>
[SuppressMessage("Design", "CA1001", Justification = "With no timer there is nothing to dispose; and it may be lost just when it was settled.")]
internal sealed class RedisDelivery(RedisQueue queue, StreamEntry entry, string consumer, RedisConnection connection, Action retryScheduled)
    : IDelivery
{
    private readonly CancellationTokenSource _lost = new();

    public RedisValue Id => entry.Id;

    public string Queue => queue.Name;

    public IReadOnlyDictionary<string, string> Headers { get; } = RedisMessage.ReadHeaders(entry.Values);

    public ReadOnlyMemory<byte> Body { get; } = RedisMessage.ReadPayload(entry.Values);

    public CancellationToken Lost => _lost.Token;

    public Task CompleteAsync(CancellationToken cancellationToken) =>
        connection.RunScriptAsync(RedisScripts.Complete, [queue.Stream], [RedisQueue.Group, Id], cancellationToken);

    public async Task RetryAsync(FailureHistory failures, TimeSpan delay, CancellationToken cancellationToken)
    {
        await connection.RunScriptAsync(
            RedisScripts.Retry,
            [queue.Stream, queue.Retry, queue.RetryDue],
            [RedisQueue.Group, consumer, Id, (long)delay.TotalMilliseconds, .. RedisMessage.Flatten(RedisMessage.Copy(entry.Values, failures))],
            cancellationToken);
        retryScheduled();
    }

    public Task DeadLetterAsync(FailureHistory failures, CancellationToken cancellationToken) => connection.RunScriptAsync(
        RedisScripts.DeadLetter,
        [queue.Stream, queue.DeadLetters],
        [RedisQueue.Group, consumer, Id, .. RedisMessage.Flatten(RedisMessage.WithId(RedisMessage.Copy(entry.Values, failures)))],
        cancellationToken);

    /// <summary>Another consumer has it now.</summary>
    public void Lose() => _lost.Cancel();
}
