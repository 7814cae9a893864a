using System.Runtime.CompilerServices;
using NATS.Client.JetStream;
using NATS.Client.JetStream.Models;

namespace Acme._1.Messaging.Nats;

/// <summary>
/// Works on the dead letters where they are, in their stream. To look at a stream changes nothing in it, and takes no
/// message from anybody.
/// </summary>
internal sealed class NatsDeadLetterQueue(
    NatsConnector connector, NatsTransport transport, NatsLeases leases, NatsSources sources, HandlerRegistry registry, INatsDirectQueues? direct = null)
    : IDeadLetterQueue
{
    private const int BatchSize = 256;
    private const int NotFound = 404;

    /// <summary>How long the server waits for what was removed after we had begun to look.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    public Task<IReadOnlyList<DeadLetter>> ListAsync(int take, CancellationToken cancellationToken) => AskAsync(async jetStream =>
    {
        var newest = new List<DeadLetter>();
        foreach (var queue in registry.Queues)
        {
            newest.AddRange(await NewestAsync(jetStream, queue, take, cancellationToken));
        }

        return (IReadOnlyList<DeadLetter>)[.. newest.OrderByDescending(letter => letter.LastFailure).Take(take)];
    }, cancellationToken);

    public Task<DeadLetter?> FindAsync(string messageId, CancellationToken cancellationToken) => AskAsync(async jetStream =>
    {
        DeadLetter? found = null;
        foreach (var queue in registry.Queues)
        {
            await foreach (var message in ReadAsync(jetStream, queue, NatsNames.DeadLetter(queue, messageId), first: 1, cancellationToken))
            {
                found = ToDeadLetter(queue, message);
            }
        }

        return found;
    }, cancellationToken);

    public async Task<bool> ReplayAsync(string messageId, CancellationToken cancellationToken) =>
        await ReplayAsync(queue => NatsNames.DeadLetter(queue, messageId), cancellationToken) > 0;

    public Task<int> ReplayAllAsync(CancellationToken cancellationToken) =>
        ReplayAsync(queue => $"{NatsNames.DeadLetters(queue)}.*", cancellationToken);

    public Task<bool> DiscardAsync(string messageId, CancellationToken cancellationToken) => AskAsync(async jetStream =>
    {
        var discarded = 0L;
        foreach (var queue in registry.Queues)
        {
            var request = new StreamPurgeRequest { Filter = NatsNames.DeadLetter(queue, messageId) };
            discarded += (await jetStream.PurgeStreamAsync(StreamOf(queue), request, cancellationToken)).Purged;
        }

        return discarded > 0;
    }, cancellationToken);

    public Task<IReadOnlyList<QueueFigures>> GetQueuesAsync(CancellationToken cancellationToken) => AskAsync(async jetStream =>
    {
        var figures = new List<QueueFigures>();
        foreach (var queue in registry.Queues)
        {
            var deadLettered = (await jetStream.GetStreamAsync(StreamOf(queue), cancellationToken: cancellationToken)).Info.State.Messages;
            if (direct?.Contains(queue) == true)
            {
                // Nothing but this process knows of them.
                var (handled, waiting) = direct.Count(queue);
                figures.Add(new(queue, Depth: 0, handled, waiting, deadLettered));
                continue;
            }

            var (depth, inFlight, retrying) = (0L, 0L, 0L);
            foreach (var source in sources.Of(queue))
            {
                // Asked of the consumer: a server that was killed may keep messages in the stream that are long acknowledged.
                // Those that another instance holds count as waiting here.
                var held = leases.Count(source);
                var consumer = (await jetStream.GetConsumerAsync(source.Stream, source.Consumer, cancellationToken)).Info;
                var waiting = Math.Max(0, (long)consumer.NumPending + consumer.NumAckPending - held);
                inFlight += held;
                if (source.Kind is NatsSourceKind.Retries)
                {
                    retrying += waiting;
                }
                else
                {
                    depth += waiting;
                }
            }

            figures.Add(new(queue, depth, inFlight, retrying, deadLettered));
        }

        return (IReadOnlyList<QueueFigures>)figures;
    }, cancellationToken);

    private Task<int> ReplayAsync(Func<string, string> filter, CancellationToken cancellationToken) => AskAsync(async jetStream =>
    {
        var replayed = 0;
        foreach (var queue in registry.Queues)
        {
            await foreach (var message in ReadAsync(jetStream, queue, filter(queue), first: 1, cancellationToken))
            {
                var sequence = message.Metadata!.Value.Sequence.Stream;
                var failures = FailureHistory.Read(NatsMessageHeaders.Read(message.Headers))?.Replayed();

                var headers = NatsMessageHeaders.Copy(message.Headers, failures);
                if (direct?.Contains(queue) == true)
                {
                    await direct.SendAsync(jetStream.Connection, queue, headers, message.Data ?? [], cancellationToken);
                }
                else
                {
                    // Named after this dead letter: a replay that was interrupted, or done twice, makes one copy.
                    var origin = $"{StreamOf(queue)}:{sequence}:{message.Metadata.Value.Timestamp.UtcTicks}";
                    await transport.PublishCopyAsync(
                        NatsNames.Retries(queue), NatsNames.Replay(queue), origin, headers, message.Data ?? [], cancellationToken);
                }

                await jetStream.DeleteMessageAsync(StreamOf(queue), new() { Seq = sequence, NoErase = true }, cancellationToken);
                replayed++;
            }
        }

        return replayed;
    }, cancellationToken);

    private static async Task<IEnumerable<DeadLetter>> NewestAsync(
        INatsJSContext jetStream, string queue, int take, CancellationToken cancellationToken)
    {
        var state = (await jetStream.GetStreamAsync(StreamOf(queue), cancellationToken: cancellationToken)).Info.State;
        var newest = new Queue<DeadLetter>();
        if (state.Messages == 0)
        {
            return newest;
        }

        // A stream is read forwards only. Start just before its end, and further back if too many there were removed.
        for (var window = (ulong)take; newest.Count < take; window *= 4)
        {
            newest.Clear();
            var first = state.LastSeq > window ? Math.Max(state.LastSeq - window + 1, state.FirstSeq) : state.FirstSeq;
            await foreach (var message in ReadAsync(jetStream, queue, $"{NatsNames.DeadLetters(queue)}.*", first, cancellationToken))
            {
                newest.Enqueue(ToDeadLetter(queue, message));
                if (newest.Count > take)
                {
                    newest.Dequeue();
                }
            }

            if (first == state.FirstSeq)
            {
                break;
            }
        }

        return newest;
    }

    /// <summary>
    /// Reads the dead letters that are there now, oldest first. Up to the last one, and not as many as the server says are pending: with
    /// several messages on a subject it counts too many (2.9.10), and then waits for what never comes.
    /// </summary>
    private static async IAsyncEnumerable<INatsJSMsg<byte[]>> ReadAsync(
        INatsJSContext jetStream, string queue, string filter, ulong first, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var last = await FindLastAsync(jetStream, queue, filter, cancellationToken);
        if (last < first)
        {
            yield break;
        }

        var consumer = await jetStream.CreateOrUpdateConsumerAsync(
            StreamOf(queue),
            new ConsumerConfig
            {
                Name = $"browse-{Guid.NewGuid():N}",
                FilterSubject = filter,
                DeliverPolicy = ConsumerConfigDeliverPolicy.ByStartSequence,
                OptStartSeq = first,
                AckPolicy = ConsumerConfigAckPolicy.None,
                MemStorage = true,
                NumReplicas = 1,

                // If this process does not get to delete it.
                InactiveThreshold = TimeSpan.FromMinutes(1),
            },
            cancellationToken);
        try
        {
            for (var (reached, before) = (first, 0UL); reached > before;)
            {
                before = reached;
                var request = new NatsJSFetchOpts { MaxMsgs = BatchSize, Expires = Patience };
                await foreach (var message in consumer.FetchAsync<byte[]>(request, cancellationToken: cancellationToken))
                {
                    var sequence = message.Metadata!.Value.Sequence.Stream;
                    if (sequence <= last)
                    {
                        yield return message;
                    }

                    if (sequence >= last)
                    {
                        yield break;
                    }

                    reached = sequence + 1;
                }
            }
        }
        finally
        {
            await jetStream.DeleteConsumerAsync(StreamOf(queue), consumer.Info.Name, CancellationToken.None);
        }
    }

    /// <summary>The sequence of the last one; 0 if there is none.</summary>
    private static async Task<ulong> FindLastAsync(INatsJSContext jetStream, string queue, string filter, CancellationToken cancellationToken)
    {
        try
        {
            var stream = await jetStream.GetStreamAsync(StreamOf(queue), cancellationToken: cancellationToken);
            return (await stream.GetAsync(new StreamMsgGetRequest { LastBySubj = filter }, cancellationToken)).Message.Seq;
        }
        catch (NatsJSApiException exception) when (exception.Error.Code == NotFound)
        {
            return 0;
        }
    }

    private static string StreamOf(string queue) => NatsNames.StreamOf(NatsNames.DeadLetters(queue));

    private async Task<T> AskAsync<T>(Func<INatsJSContext, Task<T>> ask, CancellationToken cancellationToken)
    {
        if (connector.Problem is { } problem)
        {
            throw new BrokerUnavailableException($"NATS is not available: {problem}");
        }

        try
        {
            return await ask((await connector.GetAsync(cancellationToken)).JetStream);
        }
        catch (Exception exception) when (NatsTransport.IsConnectionProblem(exception, cancellationToken))
        {
            throw new BrokerUnavailableException($"NATS did not answer: {exception.Message}", exception);
        }
    }

    private static DeadLetter ToDeadLetter(string queue, INatsJSMsg<byte[]> message)
    {
        var headers = NatsMessageHeaders.Read(message.Headers);
        var failures = FailureHistory.Read(headers)
            ?? FailureHistory.After(before: null, "unknown: put here by hand", message.Metadata!.Value.Timestamp);
        return new(
            headers.GetValueOrDefault(HeaderNames.Id) ?? string.Empty,
            headers.GetValueOrDefault(HeaderNames.Type),
            queue,
            failures.Reason,
            failures.Attempts,
            failures.Replays,
            failures.First,
            failures.Last,
            headers,
            message.Data ?? []);
    }
}
