using System.Diagnostics.CodeAnalysis;
using Confluent.Kafka;

namespace Acme._1.Messaging.Kafka;

/// <summary>
/// A partition that this process owns: which of its messages are taken, and up to where all are settled. Messages with
/// the same key run one after the other, others side by side.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "Handlers may hold its token after the partition is gone; without a timer there is nothing to release.")]
internal sealed class KafkaPartition(TopicPartition id)
{
    private readonly Lock _gate = new();
    private readonly Queue<long> _taken = [];
    private readonly HashSet<long> _settled = [];
    private readonly Dictionary<string, Lane> _lanes = [];
    private readonly CancellationTokenSource _lost = new();
    private long _watermark;
    private long _committed;
    private volatile bool _closed;

    public TopicPartition Id => id;

    /// <summary>Cancelled when its messages can no longer be settled here.</summary>
    public CancellationToken Lost => _lost.Token;

    /// <summary>Where this process began to handle, or null if there was no message yet.</summary>
    public Start? Start { get; private set; }

    /// <summary>The offset after the last message taken, or 0 if there was none yet.</summary>
    public long Position { get; private set; }

    /// <summary>The offset that was committed last.</summary>
    public long Committed => Volatile.Read(ref _committed);

    /// <summary>Up to here messages may be what killed the process before: they are handled alone.</summary>
    public long SuspectUntil { get; set; }

    /// <summary>A message that was taken and must wait, and until when. No other is taken meanwhile.</summary>
    public (ConsumeResult<byte[]?, byte[]?> Record, DateTimeOffset Due)? Parked { get; set; }

    /// <summary>The note about the parked message, while it is being written.</summary>
    public Task? Note { get; set; }

    public bool IsPaused { get; set; }

    /// <summary>Given back, or about to be: nothing begins any more.</summary>
    public bool IsClosed => _closed;

    public bool IsSuspect => SuspectUntil > 0 && Watermark < SuspectUntil;

    /// <summary>Nothing of it runs or waits here.</summary>
    public bool IsIdle => Parked is null && Watermark == Position;

    /// <summary>Everything before this offset is settled.</summary>
    public long Watermark
    {
        get
        {
            lock (_gate)
            {
                return _watermark;
            }
        }
    }

    /// <summary>The messages taken ahead of the committed offset: what would come again after a crash.</summary>
    public long Ahead => Position - Committed;

    public void BeginAt(Start start) => Start = start;

    public void Take(long offset)
    {
        lock (_gate)
        {
            if (Position == 0)
            {
                _committed = _watermark = offset;
            }

            _taken.Enqueue(offset);
        }

        Position = offset + 1;
    }

    /// <summary>Passes over a message that is none of ours: it is as good as settled.</summary>
    public void Skip(long offset)
    {
        Take(offset);
        Complete(offset);
    }

    /// <summary>
    /// Passes over what is before the end of the partition and no message: how a transaction ended is noted there, too, and
    /// takes an offset. Not committed, it would count as a message that waits.
    /// </summary>
    public void SkipTo(long end)
    {
        if (Position < end)
        {
            Skip(end - 1);
        }
    }

    public void Complete(long offset)
    {
        lock (_gate)
        {
            _settled.Add(offset);
            while (_taken.TryPeek(out var first) && _settled.Remove(first))
            {
                _watermark = _taken.Dequeue() + 1;
            }
        }
    }

    public void MarkCommitted(long offset) => Volatile.Write(ref _committed, offset);

    /// <summary>Runs the work after all that was posted with the same key. Does not wait for it.</summary>
    public void Post(string key, Func<Task> work)
    {
        lock (_gate)
        {
            var lane = _lanes.GetValueOrDefault(key, new(Task.CompletedTask, 0));
            _lanes[key] = new(Task.Run(() => RunAsync(key, lane.Tail, work)), lane.Length + 1);
        }
    }

    /// <returns>Completes when what has begun is done.</returns>
    public Task CloseAsync()
    {
        _closed = true;
        lock (_gate)
        {
            return Task.WhenAll(_lanes.Values.Select(lane => lane.Tail));
        }
    }

    public void Lose() => _lost.Cancel();

    private async Task RunAsync(string key, Task before, Func<Task> work)
    {
        await before;
        await work();
        lock (_gate)
        {
            var lane = _lanes[key];
            if (lane.Length == 1)
            {
                _lanes.Remove(key);
            }
            else
            {
                _lanes[key] = lane with { Length = lane.Length - 1 };
            }
        }
    }

    private readonly record struct Lane(Task Tail, int Length);
}
