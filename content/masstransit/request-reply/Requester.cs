using System.Globalization;
using System.Text.Json;
using Acme._1.Contracts;
using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Acme._1.Messaging;

/// <summary>
/// Asks by MassTransit's request client, and keeps apart why there is no answer: the broker does not take the request,
/// nobody is there to answer it, it failed, or it takes too long.
/// </summary>
public sealed class Requester<TRequest>(
    IServiceProvider services, IResponders responders, IOptions<MessagingOptions> messaging, IOptions<RequestOptions> options, TimeProvider clock)
    where TRequest : class
{
    /// <param name="request">The request; it goes to the queue that <c>MessageTypes</c> names for it.</param>
    /// <param name="messageId">Ask again with the same id, and the responder knows that it is the same request.</param>
    /// <param name="cancellationToken">Cancelled when nobody wants the answer any more.</param>
    /// <exception cref="NoResponderException">Nobody is there to answer.</exception>
    /// <exception cref="RequestTimeoutException">No answer came within <see cref="RequestOptions.Timeout"/>.</exception>
    /// <exception cref="RequestFailedException">The responder has failed, for good.</exception>
    /// <exception cref="BrokerUnavailableException">The broker did not take the request within <see cref="MessagingOptions.PublishTimeout"/>.</exception>
    /// <exception cref="MessageTooLargeException">The payload exceeds <see cref="MessagingOptions.MaxMessageBytes"/>, or what the broker takes.</exception>
    public async Task<Response<T1, T2>> AskAsync<T1, T2>(TRequest request, string messageId, CancellationToken cancellationToken)
        where T1 : class
        where T2 : class
    {
        var type = MessageTypes.Of(typeof(TRequest));
        var size = JsonSerializer.SerializeToUtf8Bytes(request, type.Json).Length;
        if (size > messaging.Value.MaxMessageBytes)
        {
            throw new MessageTooLargeException(size, messaging.Value.MaxMessageBytes);
        }

        await CheckResponderAsync(type.Destination.Name, cancellationToken);

        // Only now, because MassTransit opens the address for answers with the first client, and gives it up for good if
        // the broker does not let us in.
        var client = services.GetRequiredService<IRequestClient<TRequest>>();
        using var cancellation = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var attempt = new PublishAttempt(cancellation);
        using var handle = client.Create(request, cancellation.Token, options.Value.Timeout);
        handle.TimeToLive = RequestTimeout.None;
        handle.UseExecute(context =>
        {
            context.GetOrAddPayload(() => attempt);
            context.SetMessageId(messageId);
            context.Headers.Set(RequestHeaders.Expires, (clock.GetUtcNow() + options.Value.Timeout).ToString("O", CultureInfo.InvariantCulture));
        });

        try
        {
            var first = handle.GetResponse<T1>(readyToSend: false);
            var second = handle.GetResponse<T2>();
            await WaitUntilSentAsync(handle, cancellationToken);
            await await Task.WhenAny(first, second);
            return new Response<T1, T2>(first, second);
        }
        catch (Exception) when (attempt.Refusal is not null)
        {
            throw attempt.Refusal;
        }
        catch (MassTransit.RequestTimeoutException)
        {
            throw new RequestTimeoutException(options.Value.Timeout);
        }
        catch (RequestFaultException exception)
        {
            throw new RequestFailedException(exception.Fault?.Exceptions.FirstOrDefault()?.Message ?? exception.Message);
        }
    }

    private async Task CheckResponderAsync(string queue, CancellationToken cancellationToken)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(messaging.Value.PublishTimeout);
        try
        {
            await responders.CheckAsync(queue, timeout.Token);
        }
        catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested)
        {
            throw NotTaken(exception);
        }
    }

    private async Task WaitUntilSentAsync(RequestHandle<TRequest> handle, CancellationToken cancellationToken)
    {
        try
        {
            await handle.Message.WaitAsync(messaging.Value.PublishTimeout, clock, cancellationToken);
        }
        catch (TimeoutException exception)
        {
            throw NotTaken(exception);
        }
        catch (Exception exception) when (exception is not RequestException && !cancellationToken.IsCancellationRequested)
        {
            throw new BrokerUnavailableException($"The broker did not take the request: {exception.Message}", exception);
        }
    }

    private BrokerUnavailableException NotTaken(Exception exception) =>
        new($"The broker did not take the request within {messaging.Value.PublishTimeout}.", exception);
}
