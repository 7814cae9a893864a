using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Acme._1.Messaging;

/// <summary>Runs a handler inside the inbox: once per message id, in one transaction with its effects.</summary>
internal sealed partial class HandleOnce(IInbox inbox, IOptions<MessagingOptions> options, ILogger<HandleOnce> logger)
{
    public async Task RunAsync(MessageContext context, Func<CancellationToken, Task> handle, CancellationToken cancellationToken)
    {
        // The timeout starts inside: waiting for the store or for a twin of this message is not the handler's fault.
        var isNew = await inbox.RunOnceAsync(
            context.Queue, context.MessageId, inner => HandlerTimeout.RunAsync(handle, options.Value.HandlerTimeout, inner), cancellationToken);
        if (!isNew)
        {
            LogDuplicate(context.MessageId, context.Queue);
        }
    }

    [LoggerMessage(LogLevel.Debug, "Message {MessageId} on {Queue} was processed before and is skipped")]
    private partial void LogDuplicate(string messageId, string queue);
}
