using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Acme._1.Messaging.RabbitMq;

internal sealed class RabbitMqHealthCheck(RabbitMqConnection connection, RabbitMqReceiver receiver) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(
            connection.Problem is { } problem ? HealthCheckResult.Unhealthy(problem)
            : receiver.IsReady ? HealthCheckResult.Healthy("connected")
            : HealthCheckResult.Unhealthy("connected, but not receiving yet"));
}
