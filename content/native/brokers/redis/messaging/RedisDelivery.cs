using System.Diagnostics.CodeAnalysis;
using StackExchange.Redis;

namespace Acme._1.Messaging.Redis;

/// <param name="source">Where it came from.</param>
/// <param name="entry">The message.</param>
/// <param name="acknowledgements">Those of the source.</param>
[SuppressMessage("Design", "CA1001", Justification = "With no timer there is nothing to dispose; and it may be lost just when it was settled.")]
internal abstract class RedisDelivery(RedisSource source, StreamEntry entry, RedisAcknowledgements acknowledgements) : IDelivery
{
    private readonly CancellationTokenSource _lost = new();

    public RedisValue Id => entry.Id;

    public string Queue => source.Queue.Name;

    public IReadOnlyDictionary<string, string> Headers { get; } = RedisMessage.ReadHeaders(entry.Values);

    public ReadOnlyMemory<byte> Body { get; } = RedisMessage.ReadPayload(entry.Values);

    public CancellationToken Lost => _lost.Token;

    protected RedisSource Source => source;

    public Task CompleteAsync(CancellationToken cancellationToken) => acknowledgements.AddAsync(Id, cancellationToken);

    public abstract Task RetryAsync(FailureHistory failures, TimeSpan delay, CancellationToken cancellationToken);

    public abstract Task DeadLetterAsync(FailureHistory failures, CancellationToken cancellationToken);

    /// <summary>Another consumer has it now.</summary>
    public void Lose() => _lost.Cancel();

    protected NameValueEntry[] Copy(FailureHistory failures) => RedisMessage.Copy(entry.Values, failures);
}

/// <summary>A message from a queue's own stream: all keys are in one place, so settling is one script.</summary>
/// <param name="source">Where it came from.</param>
/// <param name="entry">The message.</param>
/// <param name="consumer">Our name in the group.</param>
/// <param name="connection">The way to Redis.</param>
/// <param name="acknowledgements">Those of the source.</param>
/// <param name="retryScheduled">Set after a retry was scheduled.</param>
internal sealed class RedisQueueDelivery(
    RedisSource source,
    StreamEntry entry,
    string consumer,
    RedisConnection connection,
    RedisAcknowledgements acknowledgements,
    Signal retryScheduled)
    : RedisDelivery(source, entry, acknowledgements)
{
    public override async Task RetryAsync(FailureHistory failures, TimeSpan delay, CancellationToken cancellationToken)
    {
        await connection.RunScriptAsync(
            RedisScripts.Retry,
            [Source.Stream, Source.Queue.Retry, Source.Queue.RetryDue],
            [Source.Group, consumer, Id, (long)delay.TotalMilliseconds, .. RedisMessage.Flatten(Copy(failures))],
            cancellationToken);
        retryScheduled.Set();
    }

    public override Task DeadLetterAsync(FailureHistory failures, CancellationToken cancellationToken) => connection.RunScriptAsync(
        RedisScripts.DeadLetter,
        [Source.Stream, Source.Queue.DeadLetters],
        [Source.Group, consumer, Id, .. RedisMessage.Flatten(RedisMessage.WithId(Copy(failures)))],
        cancellationToken);
}

/// <summary>
/// A message from the stream of a topic, which may be on another node than the subscriber's keys: the copy first, and
/// then the acknowledgement. A crash in between makes two of it. It is not deleted: others may not have read it yet.
/// </summary>
/// <param name="source">Where it came from.</param>
/// <param name="entry">The message.</param>
/// <param name="consumer">Our name in the group.</param>
/// <param name="connection">The way to Redis.</param>
/// <param name="acknowledgements">Those of the source.</param>
/// <param name="retryScheduled">Set after a retry was scheduled.</param>
internal sealed class RedisTopicDelivery(
    RedisSource source,
    StreamEntry entry,
    string consumer,
    RedisConnection connection,
    RedisAcknowledgements acknowledgements,
    Signal retryScheduled)
    : RedisDelivery(source, entry, acknowledgements)
{
    private bool _isCopied;

    public override Task RetryAsync(FailureHistory failures, TimeSpan delay, CancellationToken cancellationToken) => MoveAsync(
        async () =>
        {
            await connection.RunScriptAsync(
                RedisScripts.AddRetry,
                [Source.Queue.Retry, Source.Queue.RetryDue],
                [(long)delay.TotalMilliseconds, .. RedisMessage.Flatten(Copy(failures))],
                cancellationToken);
            retryScheduled.Set();
        },
        cancellationToken);

    public override Task DeadLetterAsync(FailureHistory failures, CancellationToken cancellationToken) => MoveAsync(
        () => connection.RunAsync(
            database => database.StreamAddAsync(Source.Queue.DeadLetters, RedisMessage.WithId(Copy(failures))), cancellationToken),
        cancellationToken);

    private async Task MoveAsync(Func<Task> copy, CancellationToken cancellationToken)
    {
        // Settling is repeated until it succeeds; a copy that is there already is not made again.
        if (!_isCopied)
        {
            var ours = await connection.RunAsync(
                database => database.StreamPendingMessagesAsync(Source.Stream, Source.Group, 1, consumer, Id, Id), cancellationToken);
            if (ours.Length == 0)
            {
                return;
            }

            await copy();
            _isCopied = true;
        }

        await CompleteAsync(cancellationToken);
    }
}
