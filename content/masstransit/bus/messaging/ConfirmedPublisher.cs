using System.Text.Json;
using Acme._1.Contracts;
using MassTransit;
using Microsoft.Extensions.Options;

namespace Acme._1.Messaging;

/// <summary>
/// Publishes, and returns only when the broker has the message. MassTransit waits for the broker as long as it takes;
/// a caller who has someone waiting cannot.
/// </summary>
public sealed class ConfirmedPublisher(IBus bus, IOptions<MessagingOptions> options)
{
    public Task PublishAsync(object message, string messageId, CancellationToken cancellationToken) =>
        PublishAsync(message, messageId, subject: null, cancellationToken);

    /// <param name="subject">What subscribers of a topic can choose by: its routing key.</param>
    /// <exception cref="BrokerUnavailableException">No confirmation within <see cref="MessagingOptions.PublishTimeout"/>.</exception>
    /// <exception cref="MessageTooLargeException">The message has more than <see cref="MessagingOptions.MaxMessageBytes"/>, or than the broker takes.</exception>
    public async Task PublishAsync(object message, string messageId, string? subject, CancellationToken cancellationToken)
    {
        var type = MessageTypes.Of(message.GetType());
        var size = JsonSerializer.SerializeToUtf8Bytes(message, type.Json).Length;
        if (size > options.Value.MaxMessageBytes)
        {
            throw new MessageTooLargeException(size, options.Value.MaxMessageBytes);
        }

        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(options.Value.PublishTimeout);
        var attempt = new PublishAttempt(timeout);
        try
        {
            var publish = bus.Publish(
                message,
                type.Json.Type,
                context =>
                {
                    context.GetOrAddPayload(() => attempt);
                    context.SetMessageId(messageId);
                    context.SetRoutingKey(subject);

                    // A topic without subscribers is fine. Work that reaches no queue would be lost, and the broker says so.
                    context.Mandatory = type.Destination.Kind is DestinationKind.Queue;
                },
                timeout.Token);

            // Not every way of waiting inside MassTransit listens to the token.
            await publish.WaitAsync(timeout.Token);
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            throw attempt.Refusal ?? new BrokerUnavailableException(
                exception is OperationCanceledException
                    ? $"The broker did not confirm message {messageId} within {options.Value.PublishTimeout}."
                    : $"The broker did not take message {messageId}: {exception.Message}",
                exception);
        }
    }
}
