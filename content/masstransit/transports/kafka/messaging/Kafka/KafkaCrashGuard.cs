using System.Collections.Concurrent;
using System.Threading.RateLimiting;
using Confluent.Kafka;
using MassTransit;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Acme._1.Messaging.Kafka;

/// <summary>
/// Stops a message that kills the process from doing so for ever. Kafka does not count deliveries, and the rider commits
/// only from time to time; so a note in a topic says where a partition was begun, and after a few deaths the messages
/// from there on are handled alone, each with a note of its own, until one of them is found to be it.
/// </summary>
internal sealed partial class KafkaCrashGuard(
    KafkaStarts starts, IOptions<MessagingOptions> options, TimeProvider clock, ILogger<KafkaCrashGuard> logger)
    : IFilter<ConsumeContext>, IHostedService, IAsyncDisposable
{
    /// <summary>This often the process may die while a message is handled among others; then it is handled alone.</summary>
    private const int SuspectAfter = 2;

    /// <summary>A message that took the process down alone this often is dead.</summary>
    private const int DeathsAlone = 3;

    /// <summary>More than a process handles at once: whoever takes as many is alone.</summary>
    private const int All = 100_000;

    private static readonly TimeSpan NoteRetryDelay = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<(string Queue, TopicPartition Partition), Progress> _partitions = [];

    // First come, first served: who wants to be alone waits for those before, and those after wait for him.
    private readonly ConcurrencyLimiter _places = new(
        new() { PermitLimit = All, QueueLimit = int.MaxValue, QueueProcessingOrder = QueueProcessingOrder.OldestFirst });

    private bool _hasStopped;

    public async Task Send(ConsumeContext context, IPipe<ConsumeContext> next)
    {
        var place = context.GetPayload<KafkaConsumeContext>();
        var partition = new TopicPartition(place.Topic, place.Partition);
        var progress = _partitions.GetOrAdd((place.GroupId, partition), _ => new());

        // What comes a second time comes from a partition that was away meanwhile.
        var isFirst = place.Offset < progress.Next;
        progress.Next = place.Offset + 1;
        var note = isFirst ? await BeginAsync(place.GroupId, partition, place.Offset, progress, context.CancellationToken) : null;

        var alone = place.Offset < progress.SuspectUntil;
        using var lease = await _places.AcquireAsync(alone ? All : 1, context.CancellationToken);
        if (alone)
        {
            note = progress.Suspect is { } suspect && place.Offset <= suspect.Offset ? suspect : new(place.Offset, SuspectAfter + 1);
            if (note.Offset == place.Offset && note.Count > SuspectAfter + DeathsAlone)
            {
                throw new ProcessDiedException(note.Count - 1, DeathsAlone);
            }
        }

        if (note is not null)
        {
            await UntilNotedAsync(() => starts.WriteAsync(place.GroupId, partition, note, context.CancellationToken), context.CancellationToken);
        }

        await next.Send(context);
    }

    public void Probe(ProbeContext context) => context.CreateFilterScope("crashGuard");

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>The rider has stopped, and in good order: what it did not finish is not to blame.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        // A host may be told to stop more than once, and by the second time have disposed of the producer.
        if (Interlocked.Exchange(ref _hasStopped, true))
        {
            return;
        }

        try
        {
            await Task.WhenAll(_partitions.Select(partition =>
                starts.WriteAsync(partition.Key.Queue, partition.Key.Partition, start: null, cancellationToken)));
        }
        catch (BrokerUnavailableException exception)
        {
            // A note that stays makes us careful without need, no more.
            LogNotTidied(exception);
        }
    }

    public ValueTask DisposeAsync() => _places.DisposeAsync();

    /// <summary>The note to write for a partition that is begun here.</summary>
    private async Task<Start> BeginAsync(
        string queue, TopicPartition partition, long offset, Progress progress, CancellationToken cancellationToken)
    {
        Start? before = null;
        await UntilNotedAsync(
            async () => before = (await starts.ReadAsync(queue, cancellationToken)).GetValueOrDefault(partition), cancellationToken);

        // The rider may have committed less than it had handled, so the partition may begin before the message of the note.
        var start = before is not null && offset <= before.Offset ? before with { Count = before.Count + 1 } : new(offset, 1);
        if (start.Count > SuspectAfter)
        {
            progress.Suspect = start;

            // The one that kills is among those that were taken and not committed, and there never are more than these.
            var uncommitted = Broker.CheckpointMessageCount + options.Value.Prefetch + 1;
            progress.SuspectUntil = Math.Max(start.Offset + 1, offset + uncommitted);
            LogSuspects(partition.Topic, partition.Partition.Value, offset, start.Count - 1);
        }

        return start;
    }

    /// <summary>A broker that is away must not count as a failure of the message.</summary>
    private async Task UntilNotedAsync(Func<Task> act, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                await act();
                return;
            }
            catch (BrokerUnavailableException exception)
            {
                LogNotNoted(exception);
                await Task.Delay(NoteRetryDelay, clock, cancellationToken);
            }
        }
    }

    [LoggerMessage(LogLevel.Warning, "{Topic} [{Partition}]: the process died {Deaths} times in a row at offset {Offset} or soon after; messages from there on are handled one at a time")]
    private partial void LogSuspects(string topic, int partition, long offset, int deaths);

    [LoggerMessage(LogLevel.Warning, "Could not read or note where a partition begins, trying again")]
    private partial void LogNotNoted(Exception exception);

    [LoggerMessage(LogLevel.Warning, "Could not note that partitions were given back in good order")]
    private partial void LogNotTidied(Exception exception);

    /// <summary>Of one partition. One consumer handles its messages one after the other.</summary>
    private sealed class Progress
    {
        /// <summary>The offset after the last message that came.</summary>
        public long Next { get; set; } = long.MaxValue;

        /// <summary>The message that the process died of, probably.</summary>
        public Start? Suspect { get; set; }

        /// <summary>Up to here messages may be what killed the process before: they are handled alone.</summary>
        public long SuspectUntil { get; set; }
    }
}

/// <summary>The process died whenever it handled the message, the last times when it handled nothing else.</summary>
internal sealed class ProcessDiedException(int deaths, int deathsAlone)
    : PermanentFailureException($"the process died {deathsAlone} times while it handled this message alone (delivery limit)")
{
    public int Deaths => deaths;
}
