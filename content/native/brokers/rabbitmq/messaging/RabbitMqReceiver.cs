using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace Acme._1.Messaging.RabbitMq;

/// <summary>Feeds the pump from the queues: manual acknowledgement, bounded by prefetch.</summary>
internal sealed partial class RabbitMqReceiver(
    RabbitMqConnection connections,
    RabbitMqTransport transport,
    HandlerRegistry registry,
    MessagePump pump,
    IOptions<MessagingOptions> options,
    TimeProvider clock,
    ILogger<RabbitMqReceiver> logger)
    : BackgroundService
{
    private static readonly TimeSpan DelayAfterFailure = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan LeaveTimeout = TimeSpan.FromSeconds(5);

    private readonly CancellationTokenSource _abort = new();
    private volatile bool _consuming;
    private volatile bool _draining;

    /// <summary>True while this process receives messages, or has none to receive.</summary>
    public bool IsReady => _consuming || registry.Queues.Count == 0;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (registry.Queues.Count == 0)
        {
            return;
        }

        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                var connection = await connections.GetAsync(stoppingToken);
                await ConsumeAsync(connection, stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception) when (RabbitMqTransport.IsConnectionProblem(exception))
            {
                LogInterrupted(exception);
            }

            // The connection may be closed without our having a new one yet; do not spin until we do.
            await Task.Delay(DelayAfterFailure, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        // First let the running handlers finish, until the host's shutdown timeout. What was prefetched and not begun
        // stays unacknowledged, and returns to the queue when the channel closes.
        _draining = true;
        try
        {
            await pump.DrainAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            LogNotDrained(pump.InFlight);
            await _abort.CancelAsync();
        }

        await base.StopAsync(cancellationToken);
    }

    public override void Dispose()
    {
        _abort.Dispose();
        base.Dispose();
    }

    /// <summary>Consumes until a channel closes or the process stops.</summary>
    private async Task ConsumeAsync(IConnection connection, CancellationToken stoppingToken)
    {
        var closed = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        var consumers = new List<(IChannel Channel, string Tag, RabbitMqAcknowledgements Acknowledgements)>();
        try
        {
            foreach (var queue in registry.Queues)
            {
                await ConsumeQueueAsync(queue, queue, options.Value.Prefetch, options.Value.Concurrency, HandleOrQuarantineAsync);

                // One at a time, so that a crash counts against the message that was being handled and no other.
                await ConsumeQueueAsync(queue, RabbitMqTopology.Quarantine(queue), prefetch: 1, concurrency: 1, pump.ProcessAsync);
            }

            _consuming = true;
            LogInterruptedBy(await closed.Task.WaitAsync(stoppingToken));
        }
        finally
        {
            _consuming = false;
            foreach (var (channel, tag, acknowledgements) in consumers)
            {
                if (stoppingToken.IsCancellationRequested && channel.IsOpen)
                {
                    await LeaveAsync(channel, tag, acknowledgements);
                }

                await channel.DisposeAsync();
            }
        }

        async Task ConsumeQueueAsync(
            string queue, string source, int prefetch, int concurrency, Func<RabbitMqDelivery, CancellationToken, Task> handle)
        {
            var channel = await connection.CreateChannelAsync(
                new CreateChannelOptions(false, false, consumerDispatchConcurrency: (ushort)concurrency), stoppingToken);

            var lost = new CancellationTokenSource();
            channel.ChannelShutdownAsync += async (_, reason) =>
            {
                closed.TrySetResult(reason.ReplyText);
                await lost.CancelAsync();
            };
            channel.CallbackExceptionAsync += (_, failure) =>
            {
                LogCallbackFailed(failure.Exception, source);
                return Task.CompletedTask;
            };

            await channel.BasicQosAsync(0, (ushort)prefetch, global: false, stoppingToken);

            // The client calls back as many times at once as the channel's dispatch concurrency, and the body is
            // ours until the call returns: no copy is needed.
            var acknowledgements = new RabbitMqAcknowledgements(channel);
            var consumer = new AsyncEventingBasicConsumer(channel);
            consumer.ReceivedAsync += (_, message) => _draining
                ? Task.CompletedTask
                : handle(new RabbitMqDelivery(queue, message, channel, acknowledgements, transport, lost.Token), _abort.Token);
            consumers.Add((channel, await channel.BasicConsumeAsync(source, autoAck: false, consumer, stoppingToken), acknowledgements));
        }
    }

    /// <summary>
    /// Says what is still to be acknowledged, and waits for an answer to what comes after it. Of a channel that is closed at
    /// once after many acknowledgements, RabbitMQ may forget the last, and delivers again what was done.
    /// </summary>
    private async Task LeaveAsync(IChannel channel, string tag, RabbitMqAcknowledgements acknowledgements)
    {
        using var timeout = new CancellationTokenSource(LeaveTimeout);
        try
        {
            await acknowledgements.FlushAsync().WaitAsync(timeout.Token);
            await channel.BasicCancelAsync(tag, cancellationToken: timeout.Token);
        }
        catch (Exception exception) when (exception is OperationCanceledException or TimeoutException || RabbitMqTransport.IsConnectionProblem(exception))
        {
            LogNotLeft(exception);
        }
    }

    private Task HandleOrQuarantineAsync(RabbitMqDelivery delivery, CancellationToken stopping) =>
        delivery.Count < RabbitMqTopology.SuspectAfter
            ? pump.ProcessAsync(delivery, stopping)
            : pump.UntilSettledAsync(delivery, () => delivery.QuarantineAsync(clock.GetUtcNow(), stopping), stopping);

    [LoggerMessage(LogLevel.Warning, "Consuming was interrupted, starting again")]
    private partial void LogInterrupted(Exception exception);

    [LoggerMessage(LogLevel.Warning, "Consuming was interrupted, starting again: {Reason}")]
    private partial void LogInterruptedBy(string reason);

    [LoggerMessage(LogLevel.Debug, "RabbitMQ did not answer; messages that are done may be delivered again")]
    private partial void LogNotLeft(Exception exception);

    [LoggerMessage(LogLevel.Error, "Handling a delivery from {Queue} failed outside the handler")]
    private partial void LogCallbackFailed(Exception exception, string queue);

    [LoggerMessage(LogLevel.Warning, "{Count} handlers did not finish in time; their messages will be delivered again")]
    private partial void LogNotDrained(int count);
}
