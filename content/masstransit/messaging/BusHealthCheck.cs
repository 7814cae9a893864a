using MassTransit;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Acme._1.Messaging;

/// <summary>Whether the broker can be reached and the receive endpoints are up. The reason is what an operator can act on.</summary>
internal sealed class BusHealthCheck(IBusControl bus, IServiceProvider services) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        if (await Broker.FindProblemAsync(services, cancellationToken) is { } problem)
        {
            return HealthCheckResult.Unhealthy(problem);
        }

        var health = bus.CheckHealth();
        return health.Status is BusHealthStatus.Healthy
            ? HealthCheckResult.Healthy()
            : HealthCheckResult.Unhealthy(health.Description, health.Exception);
    }
}
