using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using NATS.Client.JetStream;

namespace Acme._1.Messaging.Nats;

/// <summary>
/// Feeds the pump from the streams. It asks the server for as many messages as it has room for, no more: what a client
/// buffers without anyone working on it would run out of time there.
/// </summary>
internal sealed partial class NatsReceiver(
    NatsConnector connector,
    NatsTransport transport,
    NatsLeases leases,
    NatsSources sources,
    MessagePump pump,
    IOptions<MessagingOptions> options,
    IOptions<NatsSettings> settings,
    TimeProvider clock,
    ILogger<NatsReceiver> logger)
    : BackgroundService
{
    /// <summary>A message that was delivered this often and never settled is a suspect, and handled in the quarantine.</summary>
    private const int SuspectAfter = 2;

    /// <summary>A message in the quarantine that was delivered this often and never settled is dead.</summary>
    private const int DeadAfter = 4;

    private static readonly TimeSpan DelayAfterFailure = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _abort = new();
    private volatile bool _receiving;

    /// <summary>True while this process receives messages, or has none to receive.</summary>
    public bool IsReady => _receiving || !sources.Queues.Any();

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!sources.Queues.Any())
        {
            return;
        }

        using var done = new CancellationTokenSource();
        var renewing = leases.RunAsync(done.Token);
        var queues = sources.Queues.Select(queue => new Workers(queue, options.Value)).ToList();
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await ReceiveAsync(await connector.GetAsync(stoppingToken), queues, renewing, stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                break;
            }
            catch (Exception exception) when (NatsTransport.IsConnectionProblem(exception, stoppingToken))
            {
                LogInterrupted(exception);
            }

            // The session may have ended without anyone having noticed yet; do not spin until they have.
            await Task.Delay(DelayAfterFailure, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        // Nothing new comes in. What is being handled may end; it keeps its lease meanwhile.
        await Task.WhenAll(queues.Select(workers => workers.DrainAsync()));
        await done.CancelAsync();
        await renewing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        // Handlers may finish until the host's shutdown timeout; then they are cancelled.
        await using var registration = cancellationToken.Register(() =>
        {
            LogNotDrained(pump.InFlight);
            _abort.Cancel();
        });
        await base.StopAsync(cancellationToken);
    }

    public override void Dispose()
    {
        _abort.Dispose();
        base.Dispose();
    }

    /// <summary>Receives until the session ends, a consumer does not answer, or the process stops.</summary>
    private async Task ReceiveAsync(NatsSession session, IReadOnlyList<Workers> queues, Task renewing, CancellationToken stoppingToken)
    {
        using var receiving = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken, session.Ended);
        var pulling = (
            from workers in queues
            from source in sources.Of(workers.Queue)
            select PullAsync(session.JetStream, workers, source, receiving.Token, stoppingToken)).ToList();

        _receiving = true;
        try
        {
            // Renewing never ends while we receive; if it should fail, nobody must go on as if it had not.
            await await Task.WhenAny([.. pulling, renewing]);
        }
        catch (Exception exception) when (!receiving.IsCancellationRequested && NatsTransport.IsConnectionProblem(exception, receiving.Token))
        {
            connector.Recheck($"a consumer does not answer: {exception.Message}");
            throw;
        }
        finally
        {
            _receiving = false;
            await receiving.CancelAsync();
            await Task.WhenAll(pulling).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task PullAsync(
        INatsJSContext jetStream, Workers workers, NatsSource source, CancellationToken cancellationToken, CancellationToken stoppingToken)
    {
        var consumer = await jetStream.GetConsumerAsync(source.Stream, source.Consumer, cancellationToken);
        await NatsLeftovers.RemoveAsync(jetStream, consumer, cancellationToken);
        var room = workers.Rooms[source.Kind];
        var acknowledgements = new Acknowledgements<INatsJSMsg<byte[]>>(NatsDelivery.AcknowledgeAsync);
        var gone = false;
        while (!gone)
        {
            var asked = await TakeRoomAsync(room, source.Kind, cancellationToken);
            var request = new NatsJSFetchOpts
            {
                MaxMsgs = asked,
                Expires = TimeSpan.FromSeconds(30),
                IdleHeartbeat = TimeSpan.FromSeconds(5),
                NotificationHandler = (notification, _) =>
                {
                    gone |= notification is NatsJSNoRespondersNotification or NatsJSTimeoutNotification;
                    return Task.CompletedTask;
                },
            };

            try
            {
                await foreach (var message in consumer.FetchAsync<byte[]>(request, cancellationToken: cancellationToken))
                {
                    asked--;
                    Start(new NatsDelivery(source, message, acknowledgements, transport, settings.Value.AckWait, clock), workers, room, stoppingToken);
                }
            }
            finally
            {
                if (asked > 0)
                {
                    room.Release(asked);
                }
            }

            cancellationToken.ThrowIfCancellationRequested();
        }

        throw new NatsJSException($"the consumer {source.Consumer} of {source.Stream} is silent");
    }

    /// <returns>How many messages there is room for. It is taken.</returns>
    private async Task<int> TakeRoomAsync(SemaphoreSlim room, NatsSourceKind kind, CancellationToken cancellationToken)
    {
        // To ask for each message as soon as another is done would cost more than the message. Meanwhile more are held than there
        // are slots, so none is idle.
        var enough = kind is NatsSourceKind.Quarantine ? 1 : Math.Max(1, (options.Value.Prefetch - options.Value.Concurrency) / 2);
        var taken = 0;
        try
        {
            while (taken < enough)
            {
                await room.WaitAsync(cancellationToken);
                taken++;
            }
        }
        catch (OperationCanceledException) when (taken > 0)
        {
            room.Release(taken);
            throw;
        }

        while (taken < options.Value.Prefetch && room.Wait(0, CancellationToken.None))
        {
            taken++;
        }

        return taken;
    }

    private void Start(NatsDelivery delivery, Workers workers, SemaphoreSlim room, CancellationToken stoppingToken)
    {
        leases.Add(delivery);
        _ = Task.Run(() => HandleAsync(delivery, workers, room, stoppingToken), CancellationToken.None);
    }

    [SuppressMessage("Design", "CA1031", Justification = "One message must not stop the others. It is not settled, so it comes again, and is counted.")]
    private async Task HandleAsync(NatsDelivery delivery, Workers workers, SemaphoreSlim room, CancellationToken stoppingToken)
    {
        try
        {
            if (delivery.IsEarly)
            {
                await delivery.PostponeAsync(stoppingToken);
            }
            else if (delivery.Source.Kind is NatsSourceKind.Quarantine)
            {
                await (delivery.Unsettled < DeadAfter
                    ? pump.ProcessAsync(delivery, _abort.Token)
                    : pump.UntilSettledAsync(delivery, () => delivery.DeadLetterAsync(FailuresOf(delivery), _abort.Token), _abort.Token));
            }
            else if (delivery.Unsettled >= SuspectAfter)
            {
                await pump.UntilSettledAsync(delivery, () => delivery.QuarantineAsync(FailuresOf(delivery), _abort.Token), _abort.Token);
            }
            else
            {
                await workers.Slots.WaitAsync(stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                if (stoppingToken.IsCancellationRequested)
                {
                    // Not begun: another consumer can have it at once.
                    await delivery.ReturnAsync(_abort.Token);
                    return;
                }

                try
                {
                    await pump.ProcessAsync(delivery, _abort.Token);
                }
                finally
                {
                    workers.Slots.Release();
                }
            }

            if (delivery.IsDone)
            {
                await pump.UntilSettledAsync(delivery, () => delivery.AcknowledgeAsync(_abort.Token), _abort.Token);
            }
        }
        catch (Exception exception)
        {
            LogNotHandled(exception, delivery.Queue, settings.Value.AckWait);
        }
        finally
        {
            leases.Remove(delivery);
            room.Release();
        }
    }

    private FailureHistory FailuresOf(NatsDelivery delivery)
    {
        var before = FailureHistory.Read(delivery.Headers);
        var now = clock.GetUtcNow();
        return new(
            (before?.Attempts ?? 0) + delivery.Unsettled,
            before?.Round ?? 0,
            before?.Replays ?? 0,
            before?.First ?? now,
            now,
            $"the process died or lost its connection {delivery.Unsettled} times while it held this message"
                + (delivery.Source.Kind is NatsSourceKind.Quarantine ? " alone (delivery limit)" : string.Empty));
    }

    /// <summary>What this process can take of one queue. The slots are for handling; the room is for what waits for a slot too.</summary>
    private sealed class Workers(string queue, MessagingOptions options)
    {
        public string Queue => queue;

        public SemaphoreSlim Slots { get; } = new(options.Concurrency);

        public Dictionary<NatsSourceKind, SemaphoreSlim> Rooms { get; } = new()
        {
            [NatsSourceKind.Messages] = new(options.Prefetch),
            [NatsSourceKind.Retries] = new(options.Prefetch),
            [NatsSourceKind.Quarantine] = new(1),
        };

        /// <summary>Returns when nothing is held any more.</summary>
        public async Task DrainAsync()
        {
            for (var i = 0; i < options.Prefetch; i++)
            {
                await Rooms[NatsSourceKind.Messages].WaitAsync();
                await Rooms[NatsSourceKind.Retries].WaitAsync();
            }

            await Rooms[NatsSourceKind.Quarantine].WaitAsync();
        }
    }

    [LoggerMessage(LogLevel.Warning, "Receiving was interrupted, starting again")]
    private partial void LogInterrupted(Exception exception);

    [LoggerMessage(LogLevel.Warning, "A message of {Queue} was neither handled nor given back; it comes again after {AckWait}")]
    private partial void LogNotHandled(Exception exception, string queue, TimeSpan ackWait);

    [LoggerMessage(LogLevel.Warning, "{Count} handlers did not finish in time; their messages will be delivered again")]
    private partial void LogNotDrained(int count);
}
