using System.Runtime.Serialization;
using System.Text.Json;
using MassTransit;
using MassTransit.Configuration;
using MassTransit.Logging;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Acme._1.Messaging;

/// <summary>Where a failed message waits for its next attempt. Each transport has its way.</summary>
internal interface IRetryQueue
{
    /// <summary>
    /// Returns once a copy of the message is safe: same bytes, same headers, with the failure history added.
    /// It comes back to its queue after the delay. Only then may the original be acknowledged.
    /// </summary>
    Task SendAsync(ReceiveContext message, FailureHistory failures, TimeSpan delay);

    /// <summary>False once the broker will deliver the message again anyway, because the connection it came through is gone.</summary>
    bool IsOurs(ReceiveContext message);
}

/// <summary>
/// Decides what becomes of a message that failed: it comes again after a delay, or goes to the error queue. A filter of
/// the error pipe, where MassTransit brings every failure, also those of messages that no consumer ever saw.
/// </summary>
/// <remarks>
/// Why not <c>UseDelayedRedelivery</c>: on RabbitMQ it needs a plugin, and it serializes the message anew. Why not
/// <c>UseMessageRetry</c>: it holds the message, and with it a slot of the prefetch, for as long as it waits.
/// </remarks>
internal sealed partial class FailurePolicy(
    IRetryQueue retries, IOptions<RetryOptions> options, MessagingTelemetry telemetry, TimeProvider clock, ILogger<FailurePolicy> logger)
    : ExceptionSpecification, IFilter<ExceptionReceiveContext>
{
    private static readonly TimeSpan MoveRetryDelay = TimeSpan.FromSeconds(1);

    public async Task Send(ExceptionReceiveContext context, IPipe<ExceptionReceiveContext> next)
    {
        // Tells MassTransit's observers, its logs and metrics among them, of what failed before it reached a consumer.
        if (!context.IsFaulted)
        {
            await context.NotifyFaulted(context.Exception);
        }

        var failures = FailureHistory.After(FailureHistory.Read(context), ReasonOf(context), clock.GetUtcNow());
        while (true)
        {
            try
            {
                await MoveAsync(context, failures, next);
                return;
            }
            catch (Exception exception) when (exception is not OperationCanceledException && retries.IsOurs(context))
            {
                // The target is full or away. Handing the message back now would bring it here again at once, and run the
                // consumer once more. So we hold on to it; nothing is lost if we cannot, for then the broker delivers it again.
                LogNotMoved(exception, context.InputAddress);
                await Task.Delay(MoveRetryDelay, clock, context.CancellationToken);
            }
        }
    }

    private async Task MoveAsync(ExceptionReceiveContext context, FailureHistory failures, IPipe<ExceptionReceiveContext> next)
    {
        if (CanBeMended(context) && failures.Round < options.Value.MaxAttempts)
        {
            var delay = options.Value.DelayAfter(failures.Round);
            await retries.SendAsync(context, failures, delay);
            telemetry.Retried(context);
            LogRetry(failures.Reason, context.InputAddress, failures.Round, delay);
            return;
        }

        // One that came without an id gets one, or nobody could ask for it.
        context.ExceptionHeaders.Set(HeaderNames.MessageId, context.FindMessageId() ?? Guid.CreateVersion7().ToString());
        foreach (var (name, value) in failures.ToHeaders())
        {
            context.ExceptionHeaders.Set(name, value);
        }

        await next.Send(context);
        telemetry.DeadLettered(context);
        LogDeadLetter(context.InputAddress, failures.Attempts, failures.Reason);
    }

    public void Probe(ProbeContext context) => context.CreateFilterScope("failurePolicy");

    /// <summary>No retry can mend it.</summary>
    public bool IsPermanent(Exception exception) => exception is PermanentFailureException || !Filter.Match(exception);

    private bool CanBeMended(ExceptionReceiveContext context) => !IsPermanent(context.Exception) && !IsMalformed(context);

    private static string ReasonOf(ExceptionReceiveContext context) => context.Exception switch
    {
        PermanentFailureException permanent => permanent.Message,
        var exception when IsMalformed(context) => $"malformed message: {exception.GetBaseException().Message}",
        var exception => $"{exception.GetType().Name}: {exception.Message}",
    };

    /// <summary>The message could not be read: what MassTransit throws before a consumer has seen it.</summary>
    private static bool IsMalformed(ExceptionReceiveContext context) =>
        !context.TryGetPayload<ConsumerFaultContext>(out _)
        && context.Exception is SerializationException or JsonException or FormatException;

    [LoggerMessage(LogLevel.Debug, "A message on {Address} failed at attempt {Attempt} and comes again after {Delay}: {Reason}")]
    private partial void LogRetry(string reason, Uri address, int attempt, TimeSpan delay);

    [LoggerMessage(LogLevel.Warning, "A failed message on {Address} could not be moved, trying again")]
    private partial void LogNotMoved(Exception exception, Uri address);

    [LoggerMessage(LogLevel.Error, "A message on {Address} failed for good after {Attempts} attempts and is in the error queue: {Reason}")]
    private partial void LogDeadLetter(Uri address, int attempts, string reason);
}
