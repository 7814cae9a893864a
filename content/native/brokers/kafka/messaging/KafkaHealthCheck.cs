using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Acme._1.Messaging.Kafka;

internal sealed class KafkaHealthCheck(KafkaConnection connection, KafkaReceiver receiver) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(
            connection.Problem is { } problem ? HealthCheckResult.Unhealthy(problem)
            : receiver.IsReady ? HealthCheckResult.Healthy("connected")
            : HealthCheckResult.Unhealthy("connected, but not a member of the consumer group yet"));
}
