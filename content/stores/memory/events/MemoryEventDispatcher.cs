using Acme._1.Messaging;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Acme._1.EventStore;

/// <summary>Sends the events that are stored.</summary>
internal sealed partial class MemoryEventDispatcher(
    MemoryEventStore events, IOutboxSender sender, TimeProvider clock, ILogger<MemoryEventDispatcher> logger)
    : BackgroundService
{
    private static readonly TimeSpan DelayAfterFailure = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await foreach (var message in events.Unsent.ReadAllAsync(stoppingToken))
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

    [LoggerMessage(LogLevel.Warning, "An event of type {Type} could not be sent, trying again")]
    private partial void LogNotSent(Exception exception, string type);
}
