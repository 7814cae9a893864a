using Acme._1.Messaging;
using Acme._1.Messaging.Redis;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using StackExchange.Redis;

namespace Acme._1.Consumer.Stores;

/// <summary>This service's data in Redis, beside its messages and over the same connection.</summary>
internal sealed partial class RedisStore(IRedisConnection connection, TimeProvider clock, ILogger<RedisStore> logger) : IHealthCheck
{
    private static readonly TimeSpan DelayAfterFailure = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>
    /// The name of a key. A cluster places all of them by what stands in braces, and so on one node: one script may touch
    /// them together.
    /// </summary>
    public static string Key(string name) => $"{{acme-1.store}}.{name}";

    /// <exception cref="BrokerUnavailableException">Redis could not be reached, did not answer or refused.</exception>
    public Task<T> RunAsync<T>(Func<IDatabase, Task<T>> command, CancellationToken cancellationToken) =>
        connection.RunAsync(command, cancellationToken);

    /// <summary>
    /// Runs a command that may run twice, however long it takes. A message waits here while Redis is away, so an outage
    /// costs no attempts and fills no dead-letter queue.
    /// </summary>
    public async Task<T> RunWhenAvailableAsync<T>(Func<IDatabase, Task<T>> command, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                return await connection.RunAsync(command, cancellationToken);
            }
            catch (BrokerUnavailableException exception)
            {
                LogUnavailable(exception.Message);
                await Task.Delay(DelayAfterFailure, clock, cancellationToken);
            }
        }
    }

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        if (connection.Problem is { } problem)
        {
            return HealthCheckResult.Unhealthy(problem);
        }

        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(Patience);
        try
        {
            await connection.RunAsync(database => database.KeyExistsAsync(Key("any")), timeout.Token);
            return HealthCheckResult.Healthy("connected");
        }
        catch (BrokerUnavailableException exception)
        {
            return HealthCheckResult.Unhealthy(exception.Message);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return HealthCheckResult.Unhealthy($"Redis did not answer within {Patience}");
        }
    }

    [LoggerMessage(LogLevel.Warning, "The store is not available: {Problem}")]
    private partial void LogUnavailable(string problem);
}
