using System.Diagnostics;
using System.Text.Json;
using Acme._1.Contracts;
using Microsoft.Extensions.Options;

namespace Acme._1.Messaging;

internal sealed class MessagePublisher(
    ITransport transport, MessagingTelemetry telemetry, IOptions<MessagingOptions> options, TimeProvider clock)
    : IMessagePublisher, IOutboxSender
{
    public Task PublishAsync<T>(T message, string messageId, string? subject, CancellationToken cancellationToken)
        where T : class
    {
        var type = MessageTypes.Of(typeof(T));
        return SendAsync(type, messageId, JsonSerializer.SerializeToUtf8Bytes(message, type.Json), subject, parent: default, cancellationToken);
    }

    Task IOutboxSender.SendAsync(OutgoingMessage message, CancellationToken cancellationToken)
    {
        var type = MessageTypes.Find(message.Type)
            ?? throw new InvalidOperationException($"The outbox holds a message of type {message.Type}, which MessageTypes does not know.");
        ActivityContext.TryParse(message.TraceParent, traceState: null, out var parent);
        return SendAsync(type, message.MessageId, message.Payload, subject: null, parent, cancellationToken);
    }

    private async Task SendAsync(
        MessageType type,
        string messageId,
        ReadOnlyMemory<byte> payload,
        string? subject,
        ActivityContext parent,
        CancellationToken cancellationToken)
    {
        if (payload.Length > options.Value.MaxMessageBytes)
        {
            throw new MessageTooLargeException(payload.Length, options.Value.MaxMessageBytes);
        }

        using var activity = telemetry.StartSend(type.Destination.Name, messageId, payload.Length, parent);
        var envelope = new Envelope(messageId, type.Name, clock.GetUtcNow(), payload) { Subject = subject, TraceParent = Activity.Current?.Id };
        var started = Stopwatch.GetTimestamp();
        Exception? failure = null;

        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(options.Value.PublishTimeout);
        try
        {
            await transport.SendAsync(type.Destination, envelope, timeout.Token);
        }
        catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested)
        {
            failure = new BrokerUnavailableException($"The broker did not confirm within {options.Value.PublishTimeout}.", exception);
            throw failure;
        }
        catch (BrokerUnavailableException exception)
        {
            failure = exception;
            throw;
        }
        finally
        {
            telemetry.Sent(activity, type.Destination.Name, Stopwatch.GetElapsedTime(started), failure);
        }
    }
}
