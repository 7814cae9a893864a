using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Acme._1.Messaging;

/// <summary>
/// The way of a message through this service, whatever broker it came from: decode, lift to the current version,
/// handle (inside the inbox), settle. Adapters call <see cref="ProcessAsync"/> for each delivery, as many at a time as
/// <see cref="MessagingOptions.Concurrency"/> allows.
/// </summary>
public sealed partial class MessagePump(
    HandlerRegistry registry,
    FailurePolicy policy,
    IServiceScopeFactory scopes,
    MessagingTelemetry telemetry,
    TimeProvider clock,
    ILogger<MessagePump> logger)
{
    private static readonly TimeSpan SettleRetryDelay = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private TaskCompletionSource? _drained;
    private int _inFlight;

    /// <summary>Messages that are being handled right now.</summary>
    public int InFlight => Volatile.Read(ref _inFlight);

    /// <summary>Returns when nothing is being handled any more. Stop receiving first.</summary>
    public Task DrainAsync(CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (_inFlight == 0)
            {
                return Task.CompletedTask;
            }

            _drained ??= new(TaskCreationOptions.RunContinuationsAsynchronously);
            return _drained.Task.WaitAsync(cancellationToken);
        }
    }

    /// <summary>
    /// Handles and settles one delivery. Does not throw for a message that fails: that is what settling is for.
    /// </summary>
    /// <param name="stopping">Cancelled when waiting for running handlers is over; the delivery then stays unsettled.</param>
    public async Task ProcessAsync(IDelivery delivery, CancellationToken stopping)
    {
        Begin();
        try
        {
            var failures = FailureHistory.Read(delivery.Headers);
            using var activity = telemetry.StartProcess(delivery);
            var started = Stopwatch.GetTimestamp();
            Exception? failure = null;

            try
            {
                await HandleAsync(delivery, stopping);
            }
            catch (Exception exception) when (!stopping.IsCancellationRequested)
            {
                failure = exception;
                MessagingTelemetry.Failed(activity, exception);
            }

            telemetry.Processed(delivery, Stopwatch.GetElapsedTime(started), failure);
            await SettleAsync(delivery, failure, failures, stopping);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The process is going down. The message was not settled, so the broker delivers it to someone else.
        }
        finally
        {
            End();
        }
    }

    private void Begin()
    {
        lock (_gate)
        {
            _inFlight++;
        }
    }

    private void End()
    {
        lock (_gate)
        {
            if (--_inFlight == 0)
            {
                _drained?.TrySetResult();
                _drained = null;
            }
        }
    }

    private async Task HandleAsync(IDelivery delivery, CancellationToken stopping)
    {
        if (!EnvelopeHeaders.TryRead(delivery.Headers, delivery.Body, out var envelope, out var problem))
        {
            throw new PermanentFailureException(problem);
        }

        var (handle, message) = registry.Resolve(delivery.Queue, envelope);
        var context = new MessageContext(delivery.Queue, envelope, (envelope.Failures?.Attempts ?? 0) + 1);

        await using var scope = scopes.CreateAsyncScope();
        await handle(scope.ServiceProvider, message, context, stopping);
    }

    private async Task SettleAsync(IDelivery delivery, Exception? failure, FailureHistory? before, CancellationToken stopping)
    {
        var failures = failure is null ? null : FailureHistory.After(before, ReasonOf(failure), clock.GetUtcNow());
        var delay = failures is null ? null : policy.DelayBeforeRetry(failure!, failures);

        await UntilSettledAsync(delivery, Settle, stopping);

        async Task Settle()
        {
            if (failures is null)
            {
                await delivery.CompleteAsync(stopping);
            }
            else if (delay is { } wait)
            {
                await delivery.RetryAsync(failures, wait, stopping);
                telemetry.Retried(delivery);
                LogRetry(failure!, delivery.Queue, failures.Round, wait);
            }
            else
            {
                await delivery.DeadLetterAsync(failures, stopping);
                telemetry.DeadLettered(delivery);
                LogDeadLetter(failure!, delivery.Queue, failures.Attempts);
            }
        }
    }

    /// <summary>
    /// Settles a delivery, again and again if need be. A broker that is away takes neither a copy nor an acknowledgement:
    /// as long as the delivery is ours we hold on to it, and nothing is lost if we cannot, for then it is delivered again.
    /// </summary>
    internal async Task UntilSettledAsync(IDelivery delivery, Func<Task> settle, CancellationToken stopping)
    {
        while (!delivery.Lost.IsCancellationRequested)
        {
            try
            {
                await settle();
                return;
            }
            catch (BrokerUnavailableException exception)
            {
                LogNotSettled(exception, delivery.Queue);
                await Task.Delay(SettleRetryDelay, clock, stopping);
            }
        }
    }

    private static string ReasonOf(Exception failure) =>
        failure is PermanentFailureException ? failure.Message : $"{failure.GetType().Name}: {failure.Message}";

    [LoggerMessage(LogLevel.Debug, "A message on {Queue} failed at attempt {Attempt} and comes again after {Delay}")]
    private partial void LogRetry(Exception exception, string queue, int attempt, TimeSpan delay);

    [LoggerMessage(LogLevel.Error, "A message on {Queue} failed for good after {Attempts} attempts and is in the dead-letter queue")]
    private partial void LogDeadLetter(Exception exception, string queue, int attempts);

    [LoggerMessage(LogLevel.Warning, "A message on {Queue} could not be settled, trying again")]
    private partial void LogNotSettled(Exception exception, string queue);
}
