using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace Acme._1.Messaging.Redis;

/// <summary>
/// Lets requesters know that there is somebody to answer, as long as this process receives. The stream itself cannot tell:
/// Redis keeps the members of a group for ever, and does not know which of them are alive.
/// </summary>
internal sealed partial class RedisResponder(
    RedisConnection connection, RedisReceiver receiver, HandlerRegistry registry, TimeProvider clock, ILogger<RedisResponder> logger)
    : BackgroundService, IHealthCheck
{
    /// <summary>A responder is believed to be there for so long after its last sign of life.</summary>
    private static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <remarks>KEYS: responders. ARGV: name, lifetime in ms. Those who have died leave their names: the living remove them.</remarks>
    private const string ShowLife = """
        local time = redis.call('TIME')
        local now = time[1] * 1000 + math.floor(time[2] / 1000)
        redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
        redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
        """;

    private readonly RedisValue _name = $"{Environment.MachineName}-{Environment.ProcessId}-{Guid.NewGuid():N}";
    private volatile bool _isSeen;

    /// <summary>A sorted set: the responders of a queue, by the time at which they are no longer believed to be there.</summary>
    public static RedisKey KeyOf(RedisQueue queue) => $"{{{queue.Name}}}.responders";

    /// <summary>Before requesters see us they are refused: only then are we ready.</summary>
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(_isSeen || registry.Queues.Count == 0
            ? HealthCheckResult.Healthy()
            : HealthCheckResult.Unhealthy("requesters do not see that this process answers"));

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var keys = registry.Queues.Select(queue => KeyOf(new(queue))).ToArray();
        if (keys.Length == 0)
        {
            return;
        }

        while (!stoppingToken.IsCancellationRequested)
        {
            _isSeen = receiver.Problem is null && await TryForEachAsync(
                keys,
                key => connection.RunScriptAsync(ShowLife, [key], [_name, (long)Lifetime.TotalMilliseconds], stoppingToken));
            await Task.Delay(Interval, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        if (connection.Problem is null)
        {
            await TryForEachAsync(
                keys, key => connection.RunAsync(database => database.SortedSetRemoveAsync(key, _name), CancellationToken.None));
        }
    }

    private async Task<bool> TryForEachAsync(RedisKey[] keys, Func<RedisKey, Task> action)
    {
        try
        {
            await Task.WhenAll(keys.Select(action));
            return true;
        }
        catch (Exception exception) when (exception is BrokerUnavailableException or OperationCanceledException)
        {
            LogNotSeen(exception);
            return false;
        }
    }

    [LoggerMessage(LogLevel.Debug, "Requesters could not be told whether this process answers")]
    private partial void LogNotSeen(Exception exception);
}
