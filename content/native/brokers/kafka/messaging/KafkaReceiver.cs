using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Acme._1.Messaging.Kafka;

/// <summary>Keeps a consumer running for each queue.</summary>
internal sealed partial class KafkaReceiver(
    KafkaClients clients,
    KafkaConnection connection,
    KafkaTopology topology,
    KafkaCopies copies,
    KafkaStarts starts,
    KafkaQuarantine quarantine,
    HandlerRegistry registry,
    MessagePump pump,
    IOptions<MessagingOptions> options,
    TimeProvider clock,
    ILogger<KafkaReceiver> logger)
    : BackgroundService
{
    private static readonly TimeSpan DelayAfterFailure = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _abort = new();
    private readonly IReadOnlyList<KafkaQueueConsumer> _consumers =
    [
        .. registry.Queues.Select(queue => new KafkaQueueConsumer(
            queue, clients, topology, copies, starts, quarantine, registry, pump, options.Value, clock, logger)),
    ];

    /// <summary>True while this process receives messages, or has none to receive.</summary>
    public bool IsReady => _consumers.All(consumer => consumer.IsMember);

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(_consumers.Select(consumer => ReceiveAsync(consumer, stoppingToken)));

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

    [SuppressMessage("Design", "CA1031", Justification = "Whatever interrupts consuming is logged, and tried again; the messages are still there.")]
    private async Task ReceiveAsync(KafkaQueueConsumer consumer, CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await connection.ReadyAsync(stoppingToken);

                // The client can only block: a thread of its own, for as long as the process lives.
                await Task.Factory.StartNew(
                    () => consumer.Run(stoppingToken, _abort.Token), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                LogInterrupted(exception);
            }

            await Task.Delay(DelayAfterFailure, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    [LoggerMessage(LogLevel.Error, "Consuming was interrupted, starting again")]
    private partial void LogInterrupted(Exception exception);
}
