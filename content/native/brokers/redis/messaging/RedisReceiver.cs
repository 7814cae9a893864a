using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Acme._1.Messaging.Redis;

/// <summary>Feeds the pump from the queues and from the topics behind them, with one consumer for each.</summary>
internal sealed partial class RedisReceiver : BackgroundService
{
    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _stopReceiving = new();
    private readonly CancellationTokenSource _abort = new();
    private readonly HandlerSlots _slots;
    private readonly Dictionary<string, Signal> _retryScheduled;
    private readonly RedisConsumer[] _consumers;
    private readonly MessagePump _pump;
    private readonly ILogger<RedisReceiver> _logger;
    private Task? _stopped;

    public RedisReceiver(
        RedisConnection connection,
        HandlerRegistry registry,
        MessagePump pump,
        IOptions<MessagingOptions> options,
        IOptions<RedisOptions> redis,
        TimeProvider clock,
        ILogger<RedisReceiver> logger)
    {
        _pump = pump;
        _logger = logger;
        _slots = new(Math.Min(options.Value.Concurrency, options.Value.Prefetch), registry.Queues);
        _retryScheduled = registry.Queues.ToDictionary(queue => queue, _ => new Signal());

        // Unique: two processes of one name would take each other's messages for their own.
        var name = $"{Environment.MachineName}-{Environment.ProcessId}-{Guid.NewGuid():N}";
        _consumers =
        [
            .. RedisSource.Of(registry).Select(source => new RedisConsumer(
                source,
                name,
                connection,
                pump,
                _slots,
                _retryScheduled[source.Queue.Name],
                options.Value.Prefetch,
                redis.Value.AckTimeout,
                clock,
                logger)),
        ];
    }

    /// <summary>Why this process does not receive messages, or null if it does, or has none to receive.</summary>
    public string? Problem => _consumers.Select(consumer => consumer.Problem).FirstOrDefault(problem => problem is not null);

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(_consumers.Select(consumer => consumer.RunAsync(_stopReceiving.Token, stoppingToken, _abort.Token)));

    public override Task StopAsync(CancellationToken cancellationToken)
    {
        // A host may be stopped by two at the same time, and disposed of by the one while the other is on its way here.
        lock (_gate)
        {
            return _stopped ??= StopOnceAsync(cancellationToken);
        }
    }

    private async Task StopOnceAsync(CancellationToken cancellationToken)
    {
        // First let the running handlers finish, until the host's shutdown timeout. What was fetched and not begun is given back.
        await _stopReceiving.CancelAsync();
        try
        {
            await _slots.EnterAloneAsync(cancellationToken);
            _slots.ExitAlone();
            await Task.WhenAll(_consumers.Select(consumer => consumer.DrainAsync())).WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            LogNotDrained(_pump.InFlight);
            await _abort.CancelAsync();
        }

        await base.StopAsync(cancellationToken);
    }

    public override void Dispose()
    {
        _stopReceiving.Dispose();
        _abort.Dispose();
        _slots.Dispose();
        foreach (var consumer in _consumers)
        {
            consumer.Dispose();
        }

        foreach (var signal in _retryScheduled.Values)
        {
            signal.Dispose();
        }

        base.Dispose();
    }

    [LoggerMessage(LogLevel.Warning, "{Count} handlers did not finish in time; their messages will be delivered again")]
    private partial void LogNotDrained(int count);
}
