using System.Globalization;
using MassTransit;
using Microsoft.Extensions.Logging;

namespace Acme._1.Messaging;

/// <summary>Lets through the requests whose answer somebody waits for, and those that were replayed.</summary>
internal sealed partial class ExpiryFilter<T>(TimeProvider clock, ILogger<ExpiryFilter<T>> logger) : IFilter<ConsumeContext<T>>
    where T : class
{
    public async Task Send(ConsumeContext<T> context, IPipe<ConsumeContext<T>> next)
    {
        var failures = FailureHistory.Read(context.ReceiveContext);
        if (!(EndOf(context) < clock.GetUtcNow()) || failures is { Replays: > 0 })
        {
            await next.Send(context);
            return;
        }

        if (failures is not null)
        {
            // It has failed before, which somebody should know, but a further attempt is for nobody.
            throw new PermanentFailureException($"expired after a failure: {failures.Reason}");
        }

        LogExpired(context.GetMessageId());
        await context.NotifyConsumed(context, context.ReceiveContext.ElapsedTime, nameof(ExpiryFilter<>));
    }

    public void Probe(ProbeContext context) => context.CreateFilterScope("expiry");

    /// <summary>As our requesters say it, or others who use MassTransit, or null.</summary>
    private static DateTimeOffset? EndOf(ConsumeContext context) =>
        context.ReceiveContext.TransportHeaders.Get<string>(RequestHeaders.Expires) is { } text
        && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var end)
            ? end
            : context.ExpirationTime is { } time ? new DateTimeOffset(time.ToUniversalTime()) : null;

    [LoggerMessage(LogLevel.Debug, "Request {MessageId} came when nobody waited for its answer any more, and is skipped")]
    private partial void LogExpired(string messageId);
}
