using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Acme._1.Contracts;
using Microsoft.Extensions.Options;

namespace Acme._1.Messaging;

internal sealed class RequestClient<TRequest, TReply>(
    IRequestTransport transport,
    PendingRequests requests,
    MessagingTelemetry telemetry,
    IOptions<MessagingOptions> messaging,
    IOptions<RequestOptions> options,
    TimeProvider clock)
    : IRequestClient<TRequest, TReply>
    where TRequest : class
    where TReply : class
{
    public async Task<TReply> AskAsync(TRequest request, string messageId, CancellationToken cancellationToken)
    {
        var type = MessageTypes.Of(typeof(TRequest));
        var payload = JsonSerializer.SerializeToUtf8Bytes(request, type.Json);
        if (payload.Length > messaging.Value.MaxMessageBytes)
        {
            throw new MessageTooLargeException(payload.Length, messaging.Value.MaxMessageBytes);
        }

        using var activity = telemetry.StartSend(type.Destination.Name, messageId, payload.Length, parent: default);
        using var pending = requests.Add();
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(options.Value.Timeout);

        var now = clock.GetUtcNow();
        var envelope = new Envelope(messageId, type.Name, now, payload)
        {
            CorrelationId = pending.CorrelationId,
            Expires = now + options.Value.Timeout,
            TraceParent = Activity.Current?.Id,
        };

        var started = Stopwatch.GetTimestamp();
        Exception? failure = null;
        try
        {
            await SendAsync(type.Destination, envelope, timeout.Token);
            return Read(await pending.Completion.Task.WaitAsync(timeout.Token));
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            failure = new RequestTimeoutException(options.Value.Timeout);
            throw failure;
        }
        catch (Exception exception)
        {
            failure = exception;
            throw;
        }
        finally
        {
            telemetry.Sent(activity, type.Destination.Name, Stopwatch.GetElapsedTime(started), failure);
        }
    }

    private async Task SendAsync(Destination destination, Envelope envelope, CancellationToken cancellationToken)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(messaging.Value.PublishTimeout);
        try
        {
            await transport.SendRequestAsync(destination, envelope, timeout.Token);
        }
        catch (OperationCanceledException exception) when (timeout.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new BrokerUnavailableException($"The broker did not take the request within {messaging.Value.PublishTimeout}.", exception);
        }
    }

    private static TReply Read(Envelope reply)
    {
        if (reply.Type == RequestFailure.Type)
        {
            throw new RequestFailedException(Encoding.UTF8.GetString(reply.Data.Span));
        }

        return MessageTypes.Find(reply.Type) is { } type && JsonSerializer.Deserialize(reply.Data.Span, type.Json) is TReply answer
            ? answer
            : throw new RequestFailedException($"The answer is a {reply.Type}, which is none that this service understands.");
    }
}

internal static class RequestFailure
{
    /// <summary>The type of the answer that says that there will be none. Its payload is the reason, in UTF-8.</summary>
    public const string Type = "acme-1.request.failed";
}
