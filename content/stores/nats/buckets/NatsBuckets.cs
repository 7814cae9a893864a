using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Acme._1.Messaging;
using Acme._1.Messaging.Nats;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;
using NATS.Client.Core;
using NATS.Client.JetStream;
using NATS.Client.KeyValueStore;

namespace Acme._1.Consumer.Stores;

/// <summary>
/// Opens buckets of NATS's key-value store, which are created by whoever needs them first. One that exists is not
/// changed: an operator may have given it replicas or limits.
/// </summary>
internal sealed partial class NatsBuckets(
    IEnumerable<NatsKVConfig> buckets, INatsConnector connector, IOptions<NatsSettings> settings, TimeProvider clock, ILogger<NatsBuckets> logger)
    : IHealthCheck
{
    private const int NotFound = 404;

    private static readonly TimeSpan DelayAfterFailure = TimeSpan.FromSeconds(1);

    private readonly Dictionary<string, NatsKVConfig> _configs = buckets.ToDictionary(
        bucket => bucket.Bucket, bucket => bucket with { NumberOfReplicas = settings.Value.Replicas });

    private readonly ConcurrentDictionary<string, INatsKVStore> _open = new();

    public async Task<INatsKVStore> OpenAsync(string bucket, CancellationToken cancellationToken)
    {
        if (_open.TryGetValue(bucket, out var open))
        {
            return open;
        }

        var context = new NatsKVContext(await connector.GetJetStreamAsync(cancellationToken));
        try
        {
            open = await context.GetStoreAsync(bucket, cancellationToken);
        }
        catch (NatsJSApiException exception) when (exception.Error.Code == NotFound)
        {
            // Another instance may do the same at the same time; with the same settings that is no conflict.
            open = await context.CreateStoreAsync(_configs[bucket], cancellationToken);
        }

        _open[bucket] = open;
        return open;
    }

    /// <summary>Does this at once or not at all.</summary>
    /// <exception cref="StoreUnavailableException">NATS is away.</exception>
    public async Task<T> TryAsync<T>(Func<Task<T>> work, CancellationToken cancellationToken)
    {
        if (connector.Problem is { } problem)
        {
            throw new StoreUnavailableException($"NATS is not available: {problem}");
        }

        try
        {
            return await work();
        }
        catch (Exception exception) when (IsUnavailable(exception, cancellationToken))
        {
            _open.Clear();
            throw new StoreUnavailableException($"NATS is not available: {exception.Message}", exception);
        }
    }

    /// <summary>
    /// Does this, however long it takes until NATS is there. It may be done again after its confirmation got lost, and has
    /// to be the same then.
    /// </summary>
    public async Task<T> WhenAvailableAsync<T>(Func<Task<T>> work, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                return await work();
            }
            catch (Exception exception) when (IsUnavailable(exception, cancellationToken))
            {
                _open.Clear();
                LogUnavailable(exception.Message);
                await Task.Delay(DelayAfterFailure, clock, cancellationToken);
            }
        }
    }

    [SuppressMessage("Design", "CA1031", Justification = "A health check reports every failure as the reason.")]
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            return await TryAsync(async () =>
            {
                foreach (var bucket in _configs.Keys)
                {
                    await (await OpenAsync(bucket, cancellationToken)).GetStatusAsync(cancellationToken);
                }

                return HealthCheckResult.Healthy("connected");
            }, cancellationToken);
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            return HealthCheckResult.Unhealthy(exception.Message);
        }
    }

    private static bool IsUnavailable(Exception exception, CancellationToken cancellationToken) =>
        exception is (NatsException and not NatsPayloadTooLargeException) or BrokerUnavailableException or IOException or ObjectDisposedException

        // With a lost connection the client cancels what waits for it.
        || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested);

    [LoggerMessage(LogLevel.Warning, "The store in NATS is not available: {Problem}")]
    private partial void LogUnavailable(string problem);
}
