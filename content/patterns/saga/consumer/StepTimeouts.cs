using System.Data.Common;
using Acme._1.Contracts.V1;
using Acme._1.Messaging;
using Microsoft.Extensions.Options;

namespace Acme._1.Consumer;

/// <summary>
/// Tells sagas which steps were not answered in time. The deadline is kept with the saga, so it passes whether or not this process
/// lives to see it. What is sent is a message like any other: the saga decides whether it still waits for that step.
/// </summary>
internal sealed partial class StepTimeouts(
    IServiceScopeFactory scopes,
    IOutboxSender sender,
    IOptions<SagaOptions> options,
    IOptions<MessagingOptions> messaging,
    TimeProvider clock,
    ILogger<StepTimeouts> logger)
    : BackgroundService
{
    private const int BatchSize = 100;

    /// <summary>Long enough to send a batch and to have it handled. What still waits then is sent again, with the same ids.</summary>
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(30);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.Value.PollInterval, clock);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                await TrySendDueAsync(stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The deadlines are in the store: the next process finds them.
        }
    }

    private async Task TrySendDueAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (await SendDueAsync(cancellationToken) == BatchSize)
            {
            }
        }
        catch (Exception exception) when (exception is BrokerUnavailableException or DbException)
        {
            // What was claimed is due again after the lease.
            LogNotSent(exception);
        }
    }

    private async Task<int> SendDueAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var due = await scope.ServiceProvider.GetRequiredService<ISagaTimeouts>().ClaimDueAsync(BatchSize, Lease, cancellationToken);
        await Task.WhenAll(due.Select(step =>
        {
            LogDue(step.OrderId, step.Token);

            // The id is that of the step: sent twice, it is handled once.
            var message = OutgoingMessage.Create(new StepTimedOut(step.OrderId, step.Token), messaging.Value.MaxMessageBytes);
            return sender.SendAsync(message with { MessageId = $"timeout-{step.OrderId}-{step.Token}" }, cancellationToken);
        }));
        return due.Count;
    }

    [LoggerMessage(LogLevel.Information, "Step {Token} of order {OrderId} was not answered in time")]
    private partial void LogDue(string orderId, int token);

    [LoggerMessage(LogLevel.Warning, "Overdue steps could not be told to their sagas, trying again")]
    private partial void LogNotSent(Exception exception);
}
