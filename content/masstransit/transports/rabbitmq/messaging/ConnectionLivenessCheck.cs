using MassTransit;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using RabbitMQ.Client.Exceptions;

namespace Acme._1.Messaging.RabbitMq;

/// <summary>
/// Fails when MassTransit does not get rid of a connection that was lost. RabbitMQ.Client tells those who listen one after the
/// other, and waits for each: for a channel, until its consumers have ended. If one of them does not end, those behind it never
/// hear of the loss, and all attempts go to the dead connection. It is rare, and only a new process helps.
/// </summary>
internal sealed class ConnectionLivenessCheck(Func<BusHealthResult> checkBus, TimeProvider clock) : IHealthCheck
{
    /// <summary>MassTransit pauses for up to 30 s between its attempts: this is what more than two of them have found.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    private long _since;

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        if (!IsClosed(checkBus().Exception))
        {
            Volatile.Write(ref _since, 0);
            return Task.FromResult(HealthCheckResult.Healthy());
        }

        var now = clock.GetTimestamp();
        var since = Interlocked.CompareExchange(ref _since, now, 0) is var seen and not 0 ? seen : now;
        return Task.FromResult(clock.GetElapsedTime(since, now) < Patience
            ? HealthCheckResult.Healthy()
            : HealthCheckResult.Unhealthy("MassTransit goes on using a connection that was lost, and does not open another"));
    }

    private static bool IsClosed(Exception? exception) =>
        exception is AlreadyClosedException || (exception is not null && IsClosed(exception.InnerException));
}
