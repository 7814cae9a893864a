using Acme._1.Contracts;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using StackExchange.Redis;

namespace Acme._1.Messaging.Redis;

internal sealed class RedisHealthCheck(RedisConnection connection, RedisReceiver receiver) : IHealthCheck
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);
    private static readonly RedisKey AnyKey =
        MessageTypes.All.First(type => type.Destination.Kind is DestinationKind.Queue or DestinationKind.Topic).Destination.Name;

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        if (connection.Problem is { } notConnected)
        {
            return HealthCheckResult.Unhealthy(notConnected);
        }

        try
        {
            // Connected is not all: Redis may be loading its data, or not answer any more.
            await connection.RunAsync(database => database.KeyExistsAsync(AnyKey), cancellationToken).WaitAsync(Patience, cancellationToken);
        }
        catch (Exception exception) when (exception is BrokerUnavailableException or TimeoutException)
        {
            return HealthCheckResult.Unhealthy(exception.Message);
        }

        return receiver.Problem is { } problem ? HealthCheckResult.Unhealthy($"connected, but {problem}")
            : connection.Warning is { } warning ? HealthCheckResult.Degraded(warning)
            : HealthCheckResult.Healthy("connected");
    }
}
