using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Acme._1.Consumer;

/// <summary>Balances that have not seen the past yet would answer that there are no accounts: not ready.</summary>
internal sealed class ProjectionHealthCheck(IServiceScopeFactory scopes) : IHealthCheck
{
    [SuppressMessage("Design", "CA1031", Justification = "A health check reports every failure as the reason.")]
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        await using var scope = scopes.CreateAsyncScope();
        try
        {
            var state = await scope.ServiceProvider.GetRequiredService<IBalanceStore>().GetStateAsync(cancellationToken);
            return state.Generation > 0
                ? HealthCheckResult.Healthy($"generation {state.Generation}")
                : HealthCheckResult.Unhealthy($"the balances are built for the first time, {state.Rebuild?.Events ?? 0} events are in them");
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            return HealthCheckResult.Unhealthy(exception.GetBaseException().Message);
        }
    }
}
