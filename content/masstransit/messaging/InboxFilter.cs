using MassTransit;
using Microsoft.Extensions.Logging;

namespace Acme._1.Messaging;

/// <summary>
/// Runs the consumer inside the inbox: once per message id, and in one transaction with its effects. MassTransit gives
/// this filter and the consumer the same scope, so both see the same <see cref="IInbox"/> and the same transaction.
/// </summary>
internal sealed partial class InboxFilter<T>(IInbox inbox, ILogger<InboxFilter<T>> logger) : IFilter<ConsumeContext<T>>
    where T : class
{
    public async Task Send(ConsumeContext<T> context, IPipe<ConsumeContext<T>> next)
    {
        var messageId = context.GetMessageId();
        if (!await inbox.RunOnceAsync(context.ReceiveContext.GetQueueName(), messageId, _ => next.Send(context), context.CancellationToken))
        {
            LogDuplicate(messageId);

            // Without this MassTransit takes the message for one that nobody wanted.
            await context.NotifyConsumed(context, context.ReceiveContext.ElapsedTime, nameof(InboxFilter<>));
        }
    }

    public void Probe(ProbeContext context) => context.CreateFilterScope("inbox");

    [LoggerMessage(LogLevel.Debug, "Message {MessageId} was processed before and is skipped")]
    private partial void LogDuplicate(string messageId);
}
