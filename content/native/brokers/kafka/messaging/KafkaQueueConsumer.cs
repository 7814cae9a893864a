using System.Diagnostics.CodeAnalysis;
using System.Text;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace Acme._1.Messaging.Kafka;

/// <summary>
/// One queue as a member of its consumer group: a thread that fetches, and commits what is settled. Everything here
/// happens on that thread but for the handlers, which run on the pool and report through <see cref="KafkaPartition"/>.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "Lives as long as the process; its wait handles are released with it.")]
internal sealed partial class KafkaQueueConsumer(
    string queue,
    KafkaClients clients,
    KafkaTopology topology,
    KafkaCopies copies,
    KafkaStarts starts,
    KafkaQuarantine quarantine,
    HandlerRegistry registry,
    MessagePump pump,
    MessagingOptions options,
    TimeProvider clock,
    ILogger logger)
{
    /// <summary>This often the process may die while a message is handled among others; then it is handled alone.</summary>
    private const int SuspectAfter = 2;

    /// <summary>A message that took the process down alone this often is dead.</summary>
    private const int DeathsAlone = 3;

    private static readonly TimeSpan PollTimeout = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan CommitInterval = TimeSpan.FromSeconds(1);

    /// <summary>The client may answer late, when no broker does: it is asked again, and what is not committed comes again.</summary>
    private static readonly TimeSpan CommitPatience = TimeSpan.FromSeconds(10);

    /// <summary>This often it is looked whether a note is confirmed that the broker is slow with.</summary>
    private static readonly TimeSpan NoteInterval = TimeSpan.FromMilliseconds(10);

    /// <summary>To pause makes the client throw away what it has fetched: not for a moment's congestion.</summary>
    private static readonly TimeSpan PauseAfter = TimeSpan.FromMilliseconds(500);

    /// <summary>The rest of the group waits while a partition is given back, and a slow handler must not stop them all.</summary>
    private static readonly TimeSpan RevokePatience = TimeSpan.FromSeconds(30);

    /// <summary>A partition that delivers nothing for as long has no suspects left.</summary>
    private static readonly TimeSpan SuspicionEnds = TimeSpan.FromSeconds(2);

    private readonly ILookup<string, Subscription> _subscriptions =
        registry.Subscriptions.Where(subscription => subscription.Queue == queue).ToLookup(subscription => subscription.Topic);

    /// <summary>
    /// So many messages of a partition may be taken ahead of its commit, which takes some milliseconds: half of them are handled
    /// while the other half is being committed. What is ahead comes again after a crash, so it must not be much.
    /// </summary>
    private readonly int _window = 16 * options.Prefetch;

    /// <summary>
    /// When so few are left of as many as may be held, it goes on: to wake the thread for each that is done would cost more than
    /// the message. More are left than there are slots, so none is idle.
    /// </summary>
    private readonly int _low = options.Prefetch - Math.Max(1, (options.Prefetch - options.Concurrency) / 2);

    private readonly HashSet<string> _retryTopics = [.. topology.RetryTopics(queue)];
    private readonly Dictionary<TopicPartition, KafkaPartition> _partitions = [];
    private readonly SemaphoreSlim _slots = new(options.Concurrency);
    private readonly AutoResetEvent _progress = new(false);

    private IConsumer<byte[]?, byte[]?> _consumer = null!;
    private IReadOnlyDictionary<TopicPartition, Start>? _starts;
    private CancellationToken _stopping;
    private CancellationToken _abort;
    private DateTimeOffset _lastCommit;
    private Task<bool> _commit = Task.FromResult(true);
    private DateTimeOffset _lastTake;
    private int _pending;
    private bool _congested;
    private bool _notesAreSlow;
    private volatile bool _isMember;
    private volatile Exception? _failure;

    /// <summary>True while the group counts us in, with partitions or, when there are more of us than partitions, without.</summary>
    public bool IsMember => _isMember;

    /// <summary>No message is handled together with one that may kill the process, or its death would count against the wrong one.</summary>
    private bool IsSuspicious => _partitions.Values.Any(partition => partition.IsSuspect);

    private bool HasRoom => Volatile.Read(ref _pending) is var pending && (IsSuspicious ? pending == 0 : pending < options.Prefetch);

    /// <summary>Receives until the process stops; blocks the thread.</summary>
    /// <param name="stopping">Begin nothing new, finish what has begun, and leave.</param>
    /// <param name="abort">Cancel what is still running.</param>
    /// <exception cref="KafkaException">The consumer is of no use any more.</exception>
    /// <exception cref="BrokerUnavailableException">No broker answered in time.</exception>
    public void Run(CancellationToken stopping, CancellationToken abort)
    {
        _stopping = stopping;
        _abort = abort;
        _failure = null;
        _congested = false;
        _notesAreSlow = false;
        _commit = Task.FromResult(true);
        using var consumer = _consumer = clients.CreateGroupMember(queue)
            .SetPartitionsAssignedHandler((_, partitions) => OnAssigned(partitions))
            .SetPartitionsRevokedHandler((_, partitions) => GiveBack([.. partitions.Select(partition => partition.TopicPartition)]))
            .SetPartitionsLostHandler((_, partitions) => OnLost([.. partitions.Select(partition => partition.TopicPartition)]))
            .Build();
        try
        {
            consumer.Subscribe([queue, .. _subscriptions.Select(topic => topic.Key), .. _retryTopics]);
            while (!stopping.IsCancellationRequested)
            {
                Step();
            }
        }
        finally
        {
            try
            {
                // While we are a member: closed during a rebalance, the client leaves first and then says that partitions are revoked,
                // and the commit of one who has left is refused, or never answered.
                GiveBack([.. _partitions.Keys]);
            }
            finally
            {
                consumer.Close();
                _isMember = false;
                quarantine.Rest(queue, waits: false);
            }
        }
    }

    private void Step()
    {
        if (_failure is { } failure)
        {
            throw new InvalidOperationException($"A delivery from {queue} failed outside its handler.", failure);
        }

        if (_commit.IsCompleted && IsCommitDue())
        {
            _commit = BeginCommit([.. _partitions.Values]);
        }

        if (quarantine.IsOn && Volatile.Read(ref _pending) == 0 && TryCommit(_partitions.Values))
        {
            quarantine.Rest(queue, waits: IsSuspicious);
        }

        StartParked();
        if (HasRoom)
        {
            _congested = false;
        }
        else if (!_congested)
        {
            _congested = !_progress.WaitOne(PauseAfter) && !HasRoom;
            return;
        }

        PauseAndResume();
        try
        {
            if (_consumer.Consume(UntilNextDue()) is { } record && _partitions.TryGetValue(record.TopicPartition, out var partition))
            {
                if (record.IsPartitionEOF)
                {
                    partition.SkipTo(record.Offset.Value);
                }
                else
                {
                    Take(partition, record);
                }
            }
        }
        catch (ConsumeException exception) when (!exception.Error.IsFatal)
        {
            LogConsumeFailed(queue, exception.Error.Reason);
        }
    }

    private void Take(KafkaPartition partition, ConsumeResult<byte[]?, byte[]?> record)
    {
        if (!IsWanted(record))
        {
            partition.Skip(record.Offset.Value);
            return;
        }

        _lastTake = clock.GetUtcNow();
        if (partition.Start is null)
        {
            Begin(partition, record.Offset.Value);
        }

        partition.Take(record.Offset.Value);
        var due = (_retryTopics.Contains(record.Topic) ? KafkaHeaders.ReadDue(record.Message.Headers) : null) ?? DateTimeOffset.MinValue;
        if (due <= _lastTake && MayStart(partition))
        {
            Start(partition, record);
        }
        else
        {
            partition.Parked = (record, due);
        }
    }

    /// <summary>
    /// Within a topic Kafka has no routing: every group is sent every record, and whoever wants one subject passes over
    /// the others. A topic for each subject would spare the traffic, but then the publisher would have to know all subjects
    /// there will ever be, and whoever wants them all would have to find the new ones.
    /// </summary>
    private bool IsWanted(ConsumeResult<byte[]?, byte[]?> record) =>
        !_subscriptions.Contains(record.Topic)
        || KafkaHeaders.ReadSubject(record.Message.Headers) is var subject
        && _subscriptions[record.Topic].Any(subscription => subscription.Wants(subject));

    private void Begin(KafkaPartition partition, long offset)
    {
        _starts ??= starts.ReadAsync(queue, _stopping).GetAwaiter().GetResult();
        var count = _starts.TryGetValue(partition.Id, out var before) && before.Offset == offset ? before.Count + 1 : 1;
        partition.BeginAt(new Start(offset, count));
        if (count > SuspectAfter)
        {
            // The one that kills is among those that were taken and not committed, and never were there more than these.
            partition.SuspectUntil = offset + _window;
            LogSuspects(partition.Id.Topic, partition.Id.Partition.Value, offset, count - 1);
        }
    }

    private bool MayStart(KafkaPartition partition) =>
        HasRoom && (partition.IsSuspect ? IsNext(partition) : !IsSuspicious) && quarantine.TryBegin(queue, alone: partition.IsSuspect);

    /// <summary>While a suspect is noted no other is: if the process dies of this one, it must not count against the others.</summary>
    private bool IsNext(KafkaPartition partition) =>
        !_partitions.Values.Any(other => other != partition && other.IsSuspect && other.Note is not null);

    private void StartParked()
    {
        var now = clock.GetUtcNow();
        foreach (var partition in _partitions.Values)
        {
            if (partition.Parked is { } parked && parked.Due <= now && MayStart(partition))
            {
                partition.Parked = null;
                Start(partition, parked.Record);
            }
        }
    }

    private void Start(KafkaPartition partition, ConsumeResult<byte[]?, byte[]?> record)
    {
        var offset = record.Offset.Value;
        var delivery = new KafkaDelivery(queue, record, partition, copies);
        var handle = () => pump.ProcessAsync(delivery, _abort);

        var isFirst = offset == partition.Start!.Offset;
        if (isFirst || partition.IsSuspect)
        {
            // What is settled is committed first: after a crash, this very message must be the one to begin with.
            if (!TryCommit(_partitions.Values))
            {
                partition.Parked = (record, DateTimeOffset.MinValue);
                return;
            }

            var start = isFirst ? partition.Start : new Start(offset, SuspectAfter + 1);
            if (start.Count > SuspectAfter + DeathsAlone)
            {
                handle = () => pump.UntilSettledAsync(delivery, () => delivery.DeadLetterAsync(Poisoned(delivery, start.Count - 1), _abort), _abort);
            }
            else if (!IsNoted(partition, start))
            {
                partition.Parked = (record, clock.GetUtcNow() + NoteInterval);
                return;
            }
        }

        Interlocked.Increment(ref _pending);
        var key = record.Message.Key is { } bytes ? Encoding.Latin1.GetString(bytes) : $"without a key {offset}";
        partition.Post(key, () => HandleAsync(partition, handle));
    }

    /// <summary>
    /// Whether the note is confirmed. That takes some milliseconds, and to wait for it costs less than to pause: the client would
    /// throw away what it has fetched. Where the broker refuses it for long only this partition waits, and no other: to leave the
    /// group for that would stop them all.
    /// </summary>
    private bool IsNoted(KafkaPartition partition, Start start)
    {
        var note = partition.Note ??= starts.WriteAsync(queue, partition.Id, start, _stopping);
        if (!note.IsCompleted && (_notesAreSlow || Task.WaitAny([note], PauseAfter) < 0))
        {
            _notesAreSlow = true;
            return false;
        }

        partition.Note = null;
        if (note.Exception?.InnerException is { } exception)
        {
            LogNotNoted(exception, partition.Id.Topic, partition.Id.Partition.Value);
        }

        _notesAreSlow = !note.IsCompletedSuccessfully;
        return note.IsCompletedSuccessfully;
    }

    [SuppressMessage("Design", "CA1031", Justification = "The thread that fetches ends with it, and starts again.")]
    private async Task HandleAsync(KafkaPartition partition, Func<Task> handle)
    {
        try
        {
            await _slots.WaitAsync(_abort);
            try
            {
                if (!partition.IsClosed)
                {
                    await handle();
                }
            }
            finally
            {
                _slots.Release();
            }
        }
        catch (OperationCanceledException) when (_abort.IsCancellationRequested)
        {
            // The process is going down. The message was not settled, and is delivered again.
        }
        catch (Exception exception)
        {
            _failure = exception;
        }
        finally
        {
            if (Interlocked.Decrement(ref _pending) <= _low)
            {
                _progress.Set();
            }
        }
    }

    private FailureHistory Poisoned(KafkaDelivery delivery, int deaths)
    {
        var now = clock.GetUtcNow();
        var before = FailureHistory.Read(delivery.Headers);
        return new(
            (before?.Attempts ?? 0) + deaths,
            before?.Round ?? 0,
            before?.Replays ?? 0,
            before?.First ?? now,
            now,
            $"the process died {DeathsAlone} times while it handled this message alone (delivery limit)");
    }

    private bool IsCommitDue() =>
        clock.GetUtcNow() - _lastCommit >= CommitInterval
        || _commit.Result
        && _partitions.Values.Any(partition => partition.Watermark - partition.Committed >= (partition.Ahead < _window ? _window / 2 : 1));

    /// <summary>Commits while others are fetched and handled.</summary>
    private Task<bool> BeginCommit(IReadOnlyCollection<KafkaPartition> partitions)
    {
        _lastCommit = clock.GetUtcNow();
        return SettledOf(partitions) is { Count: > 0 } settled
            ? Task.Run(() =>
            {
                var committed = Commit(settled);
                _progress.Set();
                return committed;
            })
            : Task.FromResult(true);
    }

    /// <returns>Whether all that is settled is committed.</returns>
    private bool TryCommit(IReadOnlyCollection<KafkaPartition> partitions)
    {
        // One at a time, or the older could be the last.
        if (!IsAnswered(_commit))
        {
            return false;
        }

        _commit = BeginCommit(partitions);
        return IsAnswered(_commit) && _commit.Result;
    }

    private bool IsAnswered(Task<bool> commit)
    {
        if (commit.Wait(CommitPatience))
        {
            return true;
        }

        LogNotCommitted(queue, $"no answer within {CommitPatience}");
        return false;
    }

    private static List<(KafkaPartition Partition, long Watermark)> SettledOf(IReadOnlyCollection<KafkaPartition> partitions) =>
    [
        .. from partition in partitions
           let watermark = partition.Watermark
           where watermark > partition.Committed
           select (partition, watermark),
    ];

    private bool Commit(IReadOnlyCollection<(KafkaPartition Partition, long Watermark)> settled)
    {
        try
        {
            _consumer.Commit(settled.Select(item => new TopicPartitionOffset(item.Partition.Id, item.Watermark)));
        }
        catch (KafkaException exception)
        {
            // Nothing is lost: it is committed later or, if the partition is no longer ours, the messages come again.
            LogNotCommitted(queue, exception.Error.Reason);
            return false;
        }

        foreach (var (partition, watermark) in settled)
        {
            partition.MarkCommitted(watermark);
        }

        return true;
    }

    private void PauseAndResume()
    {
        if (!_commit.IsCompleted && _partitions.Values.Any(partition => partition.Ahead >= _window))
        {
            // Soon there is room again, and to pause costs more than to wait.
            _commit.Wait(PauseAfter);
        }

        var suspicious = IsSuspicious;
        foreach (var partition in _partitions.Values)
        {
            if (suspicious && partition.IsSuspect && partition.IsIdle && clock.GetUtcNow() - _lastTake > SuspicionEnds)
            {
                partition.SuspectUntil = 0;
            }

            var pause = _congested
                || partition.Parked is not null
                || partition.Ahead >= _window
                || (suspicious && partition.Start is not null && !partition.IsSuspect);
            if (pause == partition.IsPaused)
            {
                continue;
            }

            partition.IsPaused = pause;
            if (pause)
            {
                _consumer.Pause([partition.Id]);
            }
            else
            {
                _consumer.Resume([partition.Id]);
            }
        }
    }

    private TimeSpan UntilNextDue()
    {
        var now = clock.GetUtcNow();
        var timeout = PollTimeout;
        foreach (var partition in _partitions.Values)
        {
            if (partition.Parked is { } parked && parked.Due - now < timeout)
            {
                timeout = parked.Due > now ? parked.Due - now : TimeSpan.FromMilliseconds(1);
            }
        }

        return timeout;
    }

    private void OnAssigned(List<TopicPartition> partitions)
    {
        _starts = null;
        foreach (var partition in partitions)
        {
            _partitions[partition] = new KafkaPartition(partition);
        }

        _isMember = true;
        LogAssigned(queue, partitions.Count);
    }

    /// <summary>The group wants partitions back, or we leave it: stop, let running handlers finish, commit, go.</summary>
    private void GiveBack(List<TopicPartition> revoked)
    {
        var partitions = Remove(revoked);
        try
        {
            // Going down, the host says how long to wait: it cancels what is running then.
            var patience = _stopping.IsCancellationRequested ? Timeout.InfiniteTimeSpan : RevokePatience;
            if (!Task.WhenAll(partitions.Select(partition => partition.CloseAsync())).Wait(patience))
            {
                LogNotDrained(queue, pump.InFlight);
            }

            TryCommit(partitions);
            var tidy = partitions.Where(partition => partition.Start is not null).Select(partition => starts.WriteAsync(queue, partition.Id, null, CancellationToken.None));
            Task.WhenAll(tidy).GetAwaiter().GetResult();
        }
        catch (BrokerUnavailableException exception)
        {
            // A note that stays makes us careful without need, no more.
            LogNotTidied(exception, queue);
        }
        finally
        {
            partitions.ForEach(partition => partition.Lose());
        }
    }

    /// <summary>The group has given them to others already: there is nothing left to commit.</summary>
    private void OnLost(List<TopicPartition> lost)
    {
        foreach (var partition in Remove(lost))
        {
            _ = partition.CloseAsync();
            partition.Lose();
        }

        _isMember = false;
        LogLost(queue, lost.Count);
    }

    private List<KafkaPartition> Remove(List<TopicPartition> partitions)
    {
        var removed = new List<KafkaPartition>();
        foreach (var id in partitions)
        {
            if (_partitions.Remove(id, out var partition))
            {
                if (partition.IsPaused)
                {
                    // Or the client remembers it, and fetches nothing when the partition comes back to this process.
                    _consumer.Resume([id]);
                }

                removed.Add(partition);
            }
        }

        return removed;
    }

    [LoggerMessage(LogLevel.Information, "{Queue}: {Count} partitions assigned")]
    private partial void LogAssigned(string queue, int count);

    [LoggerMessage(LogLevel.Warning, "{Queue}: {Count} partitions were lost to the group; their messages will be delivered again")]
    private partial void LogLost(string queue, int count);

    [LoggerMessage(LogLevel.Warning, "{Queue}: {Count} handlers did not finish before their partitions went; their messages will be delivered again")]
    private partial void LogNotDrained(string queue, int count);

    [LoggerMessage(LogLevel.Warning, "{Topic} [{Partition}]: the process died {Deaths} times in a row at offset {Offset}; messages from there on are handled one at a time")]
    private partial void LogSuspects(string topic, int partition, long offset, int deaths);

    [LoggerMessage(LogLevel.Warning, "{Queue}: offsets were not committed: {Reason}")]
    private partial void LogNotCommitted(string queue, string reason);

    [LoggerMessage(LogLevel.Warning, "{Topic} [{Partition}]: could not note which message it begins with, trying again")]
    private partial void LogNotNoted(Exception exception, string topic, int partition);

    [LoggerMessage(LogLevel.Warning, "{Queue}: could not note that partitions were given back in good order")]
    private partial void LogNotTidied(Exception exception, string queue);

    [LoggerMessage(LogLevel.Warning, "{Queue}: {Reason}")]
    private partial void LogConsumeFailed(string queue, string reason);
}
