using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Acme._1.Messaging.Kafka;

/// <summary>
/// Takes failed messages back to their queue when it is time for their next attempt. The rider cannot do it: it has no
/// way to pause a partition, and a consumer that sleeps keeps its whole group waiting at the next rebalance.
/// </summary>
internal sealed partial class KafkaRetryForwarder(
    KafkaClients clients,
    KafkaConnection connection,
    KafkaTopology topology,
    KafkaProducer producer,
    KafkaCopies copies,
    KafkaQueues queues,
    TimeProvider clock,
    ILogger<KafkaRetryForwarder> logger)
    : BackgroundService
{
    private static readonly TimeSpan DelayAfterFailure = TimeSpan.FromSeconds(1);

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(from queue in queues.All where topology.RetryTopics(queue.Name).Any() select ForwardAsync(queue.Name, stoppingToken));

    [SuppressMessage("Design", "CA1031", Justification = "Whatever interrupts forwarding is logged, and tried again; the messages are still there.")]
    private async Task ForwardAsync(string queue, CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await connection.ReadyAsync(stoppingToken);

                // The client can only block: a thread of its own, for as long as the process lives.
                await Task.Factory.StartNew(
                    () => new KafkaRetryTopics(queue, clients, topology, producer, copies, clock, logger).Run(stoppingToken), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                LogInterrupted(exception, queue);
            }

            await Task.Delay(DelayAfterFailure, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    [LoggerMessage(LogLevel.Error, "Retries of {Queue} were interrupted, starting again")]
    private partial void LogInterrupted(Exception exception, string queue);
}
