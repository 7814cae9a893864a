using MassTransit;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Acme._1.Messaging;

/// <summary>MassTransit's own view of the bus, with the innermost reason in front: that is what an operator can act on.</summary>
internal sealed class BusHealthCheck(IBusControl bus) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var health = bus.CheckHealth();
        if (health.Status is BusHealthStatus.Healthy)
        {
            return Task.FromResult(HealthCheckResult.Healthy());
        }

        var exception = health.Exception ?? health.Endpoints.Values.Select(endpoint => endpoint.Exception).FirstOrDefault(e => e is not null);
        var reason = exception is null ? health.Description : $"{exception.Message}: {exception.GetBaseException().Message}";
        return Task.FromResult(HealthCheckResult.Unhealthy(reason, exception));
    }
}
