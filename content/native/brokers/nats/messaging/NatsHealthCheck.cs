using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Acme._1.Messaging.Nats;

internal sealed class NatsHealthCheck(NatsConnector connector, NatsReceiver receiver) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(
            connector.Problem is { } problem ? HealthCheckResult.Unhealthy(problem)
            : receiver.IsReady ? HealthCheckResult.Healthy("connected")
            : HealthCheckResult.Unhealthy("connected, but not receiving yet"));
}
