using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Acme._1.Contracts;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Acme._1.Messaging;

/// <summary>Runs a request's handler, and sends its answer to whoever asked.</summary>
internal sealed partial class AnswerRequest(
    IRequestTransport transport, FailurePolicy policy, IOptions<MessagingOptions> options, TimeProvider clock, ILogger<AnswerRequest> logger)
{
    public async Task RunAsync(MessageContext context, Func<CancellationToken, Task<object>> handle, CancellationToken cancellationToken)
    {
        var request = context.Envelope;
        if (request.Expires < clock.GetUtcNow() && request.Failures is not { Replays: > 0 })
        {
            if (request.Failures is null)
            {
                LogExpired(request.Type, request.Id);
                return;
            }

            // It has failed before, which somebody should know, but a further attempt is for nobody.
            throw new PermanentFailureException($"expired after a failure: {request.Failures.Reason}");
        }

        object? reply = null;
        try
        {
            await HandlerTimeout.RunAsync(async inner => reply = await handle(inner), options.Value.HandlerTimeout, cancellationToken);
        }
        catch (Exception exception) when (policy.IsPermanent(exception))
        {
            // The requester need not wait for an answer that will not come.
            await ReplyAsync(request, RequestFailure.Type, Encoding.UTF8.GetBytes(exception.Message), cancellationToken);
            throw;
        }

        var type = MessageTypes.Of(reply!.GetType());
        await ReplyAsync(request, type.Name, JsonSerializer.SerializeToUtf8Bytes(reply, type.Json), cancellationToken);
    }

    private async Task ReplyAsync(Envelope request, string type, byte[] payload, CancellationToken cancellationToken)
    {
        if (request.ReplyTo is not { Length: > 0 } replyTo)
        {
            return;
        }

        var reply = new Envelope(Guid.CreateVersion7().ToString(), type, clock.GetUtcNow(), payload)
        {
            CorrelationId = request.CorrelationId,
            TraceParent = Activity.Current?.Id,
        };

        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(options.Value.PublishTimeout);
        try
        {
            await transport.SendReplyAsync(replyTo, reply, timeout.Token);
        }
        catch (Exception exception) when (exception is BrokerUnavailableException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            // Handled it is, only the answer is lost. To the requester that is a timeout, and asking again gets it.
            LogNotAnswered(exception, request.Type, request.Id);
        }
    }

    [LoggerMessage(LogLevel.Debug, "The {Type} {MessageId} came when nobody waited for its answer any more, and is skipped")]
    private partial void LogExpired(string type, string messageId);

    [LoggerMessage(LogLevel.Warning, "The answer to the {Type} {MessageId} could not be sent")]
    private partial void LogNotAnswered(Exception exception, string type, string messageId);
}
