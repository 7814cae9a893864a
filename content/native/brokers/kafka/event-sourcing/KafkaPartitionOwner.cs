using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Acme._1.Messaging;
using Acme._1.Messaging.Kafka;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace Acme._1.EventStore;

/// <summary>
/// Writes to one partition, in place of whoever did before. Kafka appends on no condition, but it lets only the last one
/// write that began to work under a transactional id: so the owner reads to the end, compares the versions itself, and its
/// transaction fails if it was not the owner any more.
/// </summary>
[SuppressMessage("Reliability", "CA1001", Justification = "Appends may hold the semaphore when the process ends; without a wait handle there is nothing to release.")]
internal sealed partial class KafkaPartitionOwner(
    TopicPartition partition, KafkaClients clients, KafkaLogReader log, MessagingOptions options, TimeProvider clock, ILogger logger)
{
    private const int MaxBatch = 500;

    /// <summary>Two processes that take the partition from each other again and again must not do so in step.</summary>
    private const int MaxBackoffMilliseconds = 50;

    private readonly KafkaPartitionEvents _events = new();
    private readonly ConcurrentQueue<Append> _waiting = [];
    private readonly SemaphoreSlim _turn = new(1);

    // Only touched by whoever has the turn. While it is there, nobody else has written, as far as we know.
    private IProducer<byte[]?, byte[]?>? _producer;

    /// <summary>The partition's events, up to at least the last one that was confirmed before this was called.</summary>
    /// <exception cref="BrokerUnavailableException">No broker answered.</exception>
    public async Task<KafkaPartitionEvents> ReadAsync(CancellationToken cancellationToken)
    {
        var before = _events.Position;
        var end = await GetEndAsync(cancellationToken);
        if (IsRead())
        {
            return _events;
        }

        // It may be our own append that is being written: when it is our turn, it is over.
        await _turn.WaitAsync(cancellationToken);
        try
        {
            if (IsRead())
            {
                return _events;
            }

            // Who reads here is about to append. At first, and when we do not know how an append ended, the owner alone need
            // not wait for the broker to give up what was begun and never ended.
            await OwnAsync();
            await ReadOnAsync();
        }
        catch
        {
            GiveUp();
            throw;
        }
        finally
        {
            _turn.Release();
        }

        return _events;

        // A log that ends before what we had read already is another one.
        bool IsRead() => end >= before && end <= _events.End;
    }

    /// <summary>Returns when it is committed.</summary>
    /// <exception cref="WrongExpectedVersionException">The stream is at another version.</exception>
    /// <exception cref="BrokerUnavailableException">It was not confirmed; it may be written or not.</exception>
    public async Task AppendAsync(Append append, CancellationToken cancellationToken)
    {
        _waiting.Enqueue(append);
        _ = CommitWaitingAsync();
        try
        {
            await append.Outcome.Task.WaitAsync(cancellationToken);
        }
        finally
        {
            append.IsOver = true;
        }
    }

    /// <summary>Waits for the turn, so that whoever writes has finished.</summary>
    public async ValueTask CloseAsync()
    {
        await _turn.WaitAsync();
        try
        {
            GiveUp();
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Whoever comes first takes all that wait with it: a transaction takes its time, however much is in it.</summary>
    [SuppressMessage("Design", "CA1031", Justification = "Nobody waits for this; those who wait for an outcome get the failure.")]
    private async Task CommitWaitingAsync()
    {
        await _turn.WaitAsync();
        var batch = new List<Append>();
        try
        {
            while (batch.Count < MaxBatch && _waiting.TryDequeue(out var append))
            {
                if (!append.IsOver)
                {
                    batch.Add(append);
                }
            }

            if (batch.Count > 0)
            {
                await CommitAsync(batch);
            }
        }
        catch (Exception exception)
        {
            var failure = exception is KafkaException kafka
                ? new BrokerUnavailableException($"Kafka did not confirm an event for {partition}: {kafka.Error.Reason}", exception)
                : exception;
            batch.ForEach(append => append.Outcome.TrySetException(failure));
        }
        finally
        {
            _turn.Release();
        }
    }

    private async Task CommitAsync(List<Append> batch)
    {
        var start = clock.GetTimestamp();
        for (var isRepeated = false; ; isRepeated = true)
        {
            var producer = await OwnAsync();
            if (batch.Exists(append => append.ExpectedVersion > _events.VersionOf(append.Stream)))
            {
                // They have seen more than we have: somebody else has written, and we have not noticed yet.
                await ReadOnAsync();
            }

            var fit = Choose(batch, isRepeated);
            try
            {
                if (fit.Count > 0)
                {
                    await WriteAsync(producer, fit);
                }

                fit.ForEach(append => append.Outcome.TrySetResult());
                batch.Except(fit).ToList().ForEach(append => append.Refuse());
                return;
            }
            catch (KafkaException exception) when (IsOver(exception) && clock.GetElapsedTime(start) < options.PublishTimeout)
            {
                LogLost(partition, exception.Error.Reason);
                GiveUp();
                await Task.Delay(TimeSpan.FromMilliseconds(Random.Shared.Next(MaxBackoffMilliseconds)), clock);
            }
            catch
            {
                // Whether it is written, the next owner sees when it reads; and that is us, too.
                GiveUp();
                throw;
            }
        }
    }

    /// <summary>Those of which the stream is at the expected version, also if there are several for one stream.</summary>
    /// <param name="batch">Those that wait.</param>
    /// <param name="isRepeated">We have tried before, and may have succeeded without being told.</param>
    private List<Append> Choose(List<Append> batch, bool isRepeated)
    {
        var versions = new Dictionary<string, long>();
        var fit = new List<Append>();
        foreach (var append in batch)
        {
            if (isRepeated && _events.Find(append.Stream, append.Event.Id) is { } found && found.Version == append.ExpectedVersion + 1)
            {
                append.Outcome.TrySetResult();
                continue;
            }

            var version = versions.TryGetValue(append.Stream, out var next) ? next : _events.VersionOf(append.Stream);
            if (version == append.ExpectedVersion)
            {
                versions[append.Stream] = version + 1;
                fit.Add(append);
            }
        }

        return fit;
    }

    private async Task WriteAsync(IProducer<byte[]?, byte[]?> producer, List<Append> appends)
    {
        producer.BeginTransaction();
        var produced = appends.ConvertAll(append => producer.ProduceAsync(partition, append.Message));
        try
        {
            await Task.Run(() => producer.CommitTransaction(options.PublishTimeout));
        }
        catch (KafkaTxnRequiresAbortException)
        {
            await Task.Run(() => producer.AbortTransaction(options.PublishTimeout));
            throw;
        }

        var last = (await Task.WhenAll(produced))[^1].Offset.Value;
        foreach (var append in appends)
        {
            _events.Add(append.Stream, append.Event);
        }

        _events.MoveTo(last + 1, end: last + 2);
    }

    /// <summary>
    /// Puts an end to whoever owned the partition: what it has begun and not committed is given up, and it can begin nothing
    /// more. What it did commit is read.
    /// </summary>
    private async Task<IProducer<byte[]?, byte[]?>> OwnAsync()
    {
        if (_producer is not null)
        {
            return _producer;
        }

        var producer = clients.CreateTransactionalProducer(KafkaLog.TransactionalIdOf(partition));
        try
        {
            await Task.Run(() => producer.InitTransactions(options.PublishTimeout));
            await ReadOnAsync();
        }
        catch (KafkaException exception)
        {
            producer.Dispose();
            throw new BrokerUnavailableException($"Kafka did not let us write to {partition}: {exception.Error.Reason}", exception);
        }
        catch
        {
            producer.Dispose();
            throw;
        }

        LogOwned(partition, _events.Position);
        return _producer = producer;
    }

    private async Task<long> GetEndAsync(CancellationToken cancellationToken) => (await log.GetEndsAsync([partition], cancellationToken))[partition];

    /// <summary>
    /// Reads to where the partition ends now. Only for whoever has the turn: an owner that knew less than the whole would
    /// append what does not fit. Whoever asked may go away meanwhile, the others need it as well.
    /// </summary>
    private async Task ReadOnAsync()
    {
        var end = await GetEndAsync(CancellationToken.None);
        if (end < _events.Position)
        {
            // The log is shorter than it was: the topic was made anew, or a broker has lost what it had confirmed.
            LogShorter(partition, end, _events.Position);
            _events.Clear();
        }

        if (end <= _events.End)
        {
            return;
        }

        await foreach (var record in log.ReadAsync(partition, _events.Position, end, CancellationToken.None))
        {
            _events.Add(record);
        }

        // What is left are notes of how transactions ended.
        end = Math.Max(_events.Position, end);
        _events.MoveTo(end, end);
    }

    private void GiveUp()
    {
        _producer?.Dispose();
        _producer = null;
    }

    /// <summary>
    /// Somebody else owns the partition now, or the transaction was given up: nothing is under way any more, and the next owner
    /// finds what was written all the same. All else may still be going on.
    /// </summary>
    private static bool IsOver(KafkaException exception) => exception is KafkaTxnRequiresAbortException || exception.Error.IsFatal;

    [LoggerMessage(LogLevel.Information, "{Partition} is ours to write to, it was read up to {Offset}")]
    private partial void LogOwned(TopicPartition partition, long offset);

    [LoggerMessage(LogLevel.Information, "{Partition} has to be taken again: {Reason}")]
    private partial void LogLost(TopicPartition partition, string reason);

    [LoggerMessage(LogLevel.Warning, "{Partition} ends at {End}, but was read up to {Position} before; it is read again from the beginning")]
    private partial void LogShorter(TopicPartition partition, long end, long position);

    /// <param name="Stream">The stream.</param>
    /// <param name="ExpectedVersion">The version that it must be at.</param>
    /// <param name="Event">The event.</param>
    /// <param name="Message">The same, as it is sent.</param>
    internal sealed record Append(string Stream, long ExpectedVersion, KafkaPartitionEvents.Event Event, Message<byte[]?, byte[]?> Message)
    {
        private volatile bool _isOver;

        public TaskCompletionSource Outcome { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>Nobody waits for it any more: it must not be begun.</summary>
        public bool IsOver
        {
            get => _isOver;
            set => _isOver = value;
        }

        public void Refuse() => Outcome.TrySetException(new WrongExpectedVersionException(Stream, ExpectedVersion));
    }
}
