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

    /// <summary>Long enough to send a batch. If this process dies over it, another one sends it after this time.</summary>
    private static readonly TimeSpan Sending = TimeSpan.FromSeconds(30);

    /// <summary>
    /// What the broker has confirmed it does not lose, but there may be much before it. What still waits after this time is
    /// sent again: somebody may have deleted the message.
    /// </summary>
    private static readonly TimeSpan Arriving = TimeSpan.FromMinutes(10);

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
            // What was claimed is due again when the claim ends.
            LogNotSent(exception);
        }
    }

    private async Task<int> SendDueAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var timeouts = scope.ServiceProvider.GetRequiredService<ISagaTimeouts>();
        var claimedUntil = ToMilliseconds(clock.GetUtcNow() + Sending);
        var due = await timeouts.ClaimDueAsync(BatchSize, claimedUntil, cancellationToken);
        await Task.WhenAll(due.Select(step =>
        {
            LogDue(step.OrderId, step.Token);

            // The id is that of the step: sent twice, it is handled once.
            var message = OutgoingMessage.Create(new StepTimedOut(step.OrderId, step.Token), messaging.Value.MaxMessageBytes);
            return sender.SendAsync(message with { MessageId = StepMessageIds.Timeout(step.OrderId, step.Token) }, cancellationToken);
        }));
        if (due.Count > 0)
        {
            await timeouts.PostponeAsync([.. due.Select(step => step.OrderId)], claimedUntil, claimedUntil + Arriving, cancellationToken);
        }

        return due.Count;
    }

    /// <summary>The claim is known by this time, and not every store keeps the ticks of .NET.</summary>
    private static DateTimeOffset ToMilliseconds(DateTimeOffset time) => DateTimeOffset.FromUnixTimeMilliseconds(time.ToUnixTimeMilliseconds());

    [LoggerMessage(LogLevel.Information, "Step {Token} of order {OrderId} was not answered in time")]
    private partial void LogDue(string orderId, int token);

    [LoggerMessage(LogLevel.Warning, "Overdue steps could not be told to their sagas, trying again")]
    private partial void LogNotSent(Exception exception);
}
