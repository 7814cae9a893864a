using Acme._1.Messaging;

namespace Acme._1.Consumer.Stores;

/// <summary>Sends what handlers have put into the outbox, after their commit.</summary>
internal sealed partial class MemoryOutboxDispatcher(
    MemoryInbox inbox, IOutboxSender sender, TimeProvider clock, ILogger<MemoryOutboxDispatcher> logger)
    : BackgroundService
{
    private static readonly TimeSpan DelayAfterFailure = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await foreach (var message in inbox.Outgoing.ReadAllAsync(stoppingToken))
            {
                await SendAsync(message, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The process is going down, and its memory with it.
        }
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
