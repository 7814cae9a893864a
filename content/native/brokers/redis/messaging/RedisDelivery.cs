using System.Diagnostics.CodeAnalysis;
using StackExchange.Redis;

namespace Acme._1.Messaging.Redis;

/// <summary>What its deliveries know of a member of a consumer group.</summary>
/// <param name="Source">What the group reads.</param>
/// <param name="Name">Its name in the group.</param>
/// <param name="Connection">The way to Redis.</param>
/// <param name="Acknowledgements">Those of the source.</param>
/// <param name="RetryScheduled">Set after a retry was scheduled.</param>
internal sealed record RedisMember(
    RedisSource Source, string Name, RedisConnection Connection, Acknowledgements<RedisValue> Acknowledgements, Signal RetryScheduled);

/// <param name="member">Who has it.</param>
/// <param name="entry">The message.</param>
[SuppressMessage("Design", "CA1001", Justification = "With no timer there is nothing to dispose; and it may be lost just when it was settled.")]
internal abstract class RedisDelivery(RedisMember member, StreamEntry entry) : IDelivery
{
    private readonly (Dictionary<string, string> Headers, ReadOnlyMemory<byte> Payload) _message = RedisMessage.Read(entry.Values);
    private readonly CancellationTokenSource _lost = new();
    private readonly TaskCompletionSource _gone = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public RedisValue Id => entry.Id;

    public string Queue => Source.Queue.Name;

    public IReadOnlyDictionary<string, string> Headers => _message.Headers;

    public ReadOnlyMemory<byte> Body => _message.Payload;

    public CancellationToken Lost => _lost.Token;

    protected RedisMember Member => member;

    protected RedisSource Source => member.Source;

    /// <summary>True when all that is left is to tell Redis that the message is done.</summary>
    public bool IsDone { get; private set; }

    /// <summary>Completes when it is held no longer.</summary>
    public Task Gone => _gone.Task;

    public Task CompleteAsync(CancellationToken cancellationToken)
    {
        // Redis is told when the slot is free again: the next handler need not wait for its answer.
        IsDone = true;
        return Task.CompletedTask;
    }

    /// <summary>Returns when Redis knows that the message is done.</summary>
    /// <exception cref="BrokerUnavailableException">It is not known to know.</exception>
    public Task AcknowledgeAsync(CancellationToken cancellationToken) => member.Acknowledgements.AddAsync(Id, cancellationToken);

    public abstract Task RetryAsync(FailureHistory failures, TimeSpan delay, CancellationToken cancellationToken);

    public abstract Task DeadLetterAsync(FailureHistory failures, CancellationToken cancellationToken);

    /// <summary>Another consumer has it now.</summary>
    public void Lose() => _lost.Cancel();

    public void LetGo() => _gone.TrySetResult();

    protected NameValueEntry[] Copy(FailureHistory failures) => RedisMessage.Copy(entry.Values, failures);
}

/// <summary>A message from a queue's own stream: all keys are in one place, so settling is one script.</summary>
/// <param name="member">Who has it.</param>
/// <param name="entry">The message.</param>
internal sealed class RedisQueueDelivery(RedisMember member, StreamEntry entry) : RedisDelivery(member, entry)
{
    public override async Task RetryAsync(FailureHistory failures, TimeSpan delay, CancellationToken cancellationToken)
    {
        await Member.Connection.RunScriptAsync(
            RedisScripts.Retry,
            [Source.Stream, Source.Queue.Retry, Source.Queue.RetryDue],
            [Source.Group, Member.Name, Id, (long)delay.TotalMilliseconds, .. RedisMessage.Flatten(Copy(failures))],
            cancellationToken);
        Member.RetryScheduled.Set();
    }

    public override Task DeadLetterAsync(FailureHistory failures, CancellationToken cancellationToken) => Member.Connection.RunScriptAsync(
        RedisScripts.DeadLetter,
        [Source.Stream, Source.Queue.DeadLetters],
        [Source.Group, Member.Name, Id, .. RedisMessage.Flatten(RedisMessage.WithId(Copy(failures)))],
        cancellationToken);
}

/// <summary>
/// A message from the stream of a topic, which may be on another node than the subscriber's keys: the copy first, and
/// then the acknowledgement. A crash in between makes two of it. It is not deleted: others may not have read it yet.
/// </summary>
/// <param name="member">Who has it.</param>
/// <param name="entry">The message.</param>
internal sealed class RedisTopicDelivery(RedisMember member, StreamEntry entry) : RedisDelivery(member, entry)
{
    private bool _isCopied;

    public override Task RetryAsync(FailureHistory failures, TimeSpan delay, CancellationToken cancellationToken) => MoveAsync(
        async () =>
        {
            await Member.Connection.RunScriptAsync(
                RedisScripts.AddRetry,
                [Source.Queue.Retry, Source.Queue.RetryDue],
                [(long)delay.TotalMilliseconds, .. RedisMessage.Flatten(Copy(failures))],
                cancellationToken);
            Member.RetryScheduled.Set();
        },
        cancellationToken);

    public override Task DeadLetterAsync(FailureHistory failures, CancellationToken cancellationToken) => MoveAsync(
        () => Member.Connection.RunAsync(
            database => database.StreamAddAsync(Source.Queue.DeadLetters, RedisMessage.WithId(Copy(failures))), cancellationToken),
        cancellationToken);

    private async Task MoveAsync(Func<Task> copy, CancellationToken cancellationToken)
    {
        // Settling is repeated until it succeeds; a copy that is there already is not made again.
        if (!_isCopied)
        {
            var ours = await Member.Connection.RunAsync(
                database => database.StreamPendingMessagesAsync(Source.Stream, Source.Group, 1, Member.Name, Id, Id), cancellationToken);
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
