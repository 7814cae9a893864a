using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using NATS.Client.Core;

namespace Acme._1.Messaging.Nats;

/// <summary>Feeds the pump with requests. All responders of a queue are one queue group: the server picks one of them for each request.</summary>
internal sealed partial class NatsRequestReceiver(
    NatsConnector connector,
    NatsTransport transport,
    NatsRequestQueues requests,
    HandlerRegistry registry,
    MessagePump pump,
    IOptions<MessagingOptions> options,
    TimeProvider clock,
    ILogger<NatsRequestReceiver> logger)
    : BackgroundService, IHealthCheck
{
    private static readonly TimeSpan DelayAfterFailure = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _abort = new();
    private readonly List<string> _queues = [.. registry.Queues.Where(requests.Contains)];
    private int _listening;

    /// <summary>The client subscribes again by itself whenever it is connected again.</summary>
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(Volatile.Read(ref _listening) == _queues.Count
            ? HealthCheckResult.Healthy()
            : HealthCheckResult.Unhealthy("not listening yet"));

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(_queues.Select(queue => ListenAsync(queue, stoppingToken)));

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        // Handlers may finish until the host's shutdown timeout; then they are cancelled.
        await using var registration = cancellationToken.Register(_abort.Cancel);
        await base.StopAsync(cancellationToken);
    }

    public override void Dispose()
    {
        _abort.Dispose();
        base.Dispose();
    }

    private async Task ListenAsync(string queue, CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                var connection = (await connector.GetAsync(stoppingToken)).JetStream.Connection;
                await ListenAsync(connection, queue, stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception) when (NatsTransport.IsConnectionProblem(exception, stoppingToken))
            {
                LogInterrupted(exception);
                await Task.Delay(DelayAfterFailure, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task ListenAsync(INatsConnection connection, string queue, CancellationToken stoppingToken)
    {
        await using var subscription = await connection.SubscribeCoreAsync<byte[]>(queue, NatsNames.Workers, cancellationToken: CancellationToken.None);
        await connection.PingAsync(stoppingToken);
        connection.MessageDropped += OnDropped;

        var handling = HandleAllAsync(subscription, queue, stoppingToken);
        Interlocked.Increment(ref _listening);
        try
        {
            await handling.WaitAsync(stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        finally
        {
            Interlocked.Decrement(ref _listening);
            connection.MessageDropped -= OnDropped;
        }

        // No new ones come. Those that are here are answered still.
        await subscription.DrainAsync(CancellationToken.None);
        await handling;

        ValueTask OnDropped(object? sender, NatsMessageDroppedEventArgs dropped)
        {
            if (dropped.Subject == queue)
            {
                LogDropped(queue);
            }

            return default;
        }
    }

    /// <summary>Returns when the subscription has ended, and no request is held any more.</summary>
    private async Task HandleAllAsync(INatsSub<byte[]> subscription, string queue, CancellationToken stoppingToken)
    {
        using var slots = new SemaphoreSlim(options.Value.Concurrency);
        await foreach (var message in subscription.Msgs.ReadAllAsync(CancellationToken.None))
        {
            await slots.WaitAsync(CancellationToken.None);
            var request = new NatsRequestDelivery(queue, message, transport);
            requests.Add(request);
            _ = Task.Run(() => HandleAsync(request, slots, stoppingToken), CancellationToken.None);
        }

        for (var i = 0; i < options.Value.Concurrency; i++)
        {
            await slots.WaitAsync(CancellationToken.None);
        }
    }

    [SuppressMessage("Design", "CA1031", Justification = "One request must not stop the others.")]
    private async Task HandleAsync(NatsRequestDelivery request, SemaphoreSlim slots, CancellationToken stoppingToken)
    {
        try
        {
            await HandleOnceAsync(request, slots);
            while (request.RetryDelay is { } delay)
            {
                await Task.Delay(delay, clock, stoppingToken);
                await slots.WaitAsync(stoppingToken);
                request.BeginRetry();
                await HandleOnceAsync(request, slots);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Its next attempt would have come too late for this process. The requester asks again, or has gone.
        }
        catch (Exception exception)
        {
            LogLost(exception, request.Queue, request.Headers.GetValueOrDefault(HeaderNames.Id));
        }
        finally
        {
            requests.Remove(request);
        }
    }

    private async Task HandleOnceAsync(NatsRequestDelivery request, SemaphoreSlim slots)
    {
        try
        {
            await pump.ProcessAsync(request, _abort.Token);
        }
        finally
        {
            slots.Release();
        }
    }

    [LoggerMessage(LogLevel.Warning, "Listening to requests was interrupted, starting again")]
    private partial void LogInterrupted(Exception exception);

    [LoggerMessage(LogLevel.Warning, "More requests at {Queue} than this process can hold: one is dropped, and its requester waits in vain")]
    private partial void LogDropped(string queue);

    [LoggerMessage(LogLevel.Error, "Request {MessageId} at {Queue} failed and could not be kept as a dead letter: it is lost")]
    private partial void LogLost(Exception exception, string queue, string? messageId);
}
