using Acme._1.Messaging;

namespace Acme._1.Consumer.Stores;

/// <summary>Sends what handlers have put into the outbox, after their commit.</summary>
internal sealed partial class MemoryOutboxDispatcher(
    MemoryInbox inbox, IOutboxSender sender, TimeProvider clock, ILogger<MemoryOutboxDispatcher> logger)
    : BackgroundService
{
    /// <summary>So many wait for the broker's confirmation at the same time: one by one, a burst would take as many round trips.</summary>
    private const int BatchSize = 100;

    private static readonly TimeSpan DelayAfterFailure = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (await inbox.Outgoing.WaitToReadAsync(stoppingToken))
            {
                await Task.WhenAll(TakeBatch().Select(message => SendAsync(message, stoppingToken)));
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The process is going down, and its memory with it.
        }
    }

    private List<OutgoingMessage> TakeBatch()
    {
        var batch = new List<OutgoingMessage>();
        while (batch.Count < BatchSize && inbox.Outgoing.TryRead(out var message))
        {
            batch.Add(message);
        }

        return batch;
    }

    private async Task SendAsync(OutgoingMessage message, CancellationToken stoppingToken)
    {
        while (true)
        {
            try
            {
                await sender.SendAsync(message, stoppingToken);
                return;
            }
            catch (BrokerUnavailableException exception)
            {
                LogNotSent(exception, message.Type);
                await Task.Delay(DelayAfterFailure, clock, stoppingToken);
            }
        }
    }

    [LoggerMessage(LogLevel.Warning, "A {Type} could not be sent, trying again")]
    private partial void LogNotSent(Exception exception, string type);
}
