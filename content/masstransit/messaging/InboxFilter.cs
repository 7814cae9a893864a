using MassTransit;
using Microsoft.Extensions.Logging;

namespace Acme._1.Messaging;

/// <summary>
/// Runs the consumer inside the inbox: once per message id, and in one transaction with its effects. MassTransit gives
/// this filter and the consumer the same scope, so both see the same <see cref="IInbox"/> and the same transaction.
/// </summary>
internal sealed partial class InboxFilter<T>(IInbox inbox, MessagesInFlight inFlight, ILogger<InboxFilter<T>> logger) : IFilter<ConsumeContext<T>>
    where T : class
{
    public async Task Send(ConsumeContext<T> context, IPipe<ConsumeContext<T>> next)
    {
        var messageId = context.GetMessageId();
        MessagingTelemetry.Handling(messageId);
        inFlight.Begin();
        try
        {
            if (!await inbox.RunOnceAsync(context.ReceiveContext.GetQueueName(), messageId, _ => next.Send(context), context.CancellationToken))
            {
                LogDuplicate(messageId);

                // Without this MassTransit takes the message for one that nobody wanted.
                await context.NotifyConsumed(context, context.ReceiveContext.ElapsedTime, nameof(InboxFilter<>));
            }
        }
        catch (Exception exception) when (IsCancellation(exception) && !context.ReceiveContext.CancellationToken.IsCancellationRequested)
        {
            // A cancellation that comes out of here means to MassTransit that the process goes down, and it hands the message
            // back at once, over and over. This one is a failure like any other: the consumer, or a call it made, took too
            // long. No inner exception, because MassTransit looks at the innermost.
            throw new TimeoutException($"The consumer was cancelled after {context.ReceiveContext.ElapsedTime}: {exception.Message}");
        }
        finally
        {
            inFlight.End();
        }
    }

    public void Probe(ProbeContext context) => context.CreateFilterScope("inbox");

    private static bool IsCancellation(Exception exception) =>
        exception is OperationCanceledException || exception.GetBaseException() is OperationCanceledException;

    [LoggerMessage(LogLevel.Debug, "Message {MessageId} was processed before and is skipped")]
    private partial void LogDuplicate(string messageId);
}
