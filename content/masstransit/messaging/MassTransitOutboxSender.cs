using System.Diagnostics;
using System.Text.Json;
using Acme._1.Contracts;

namespace Acme._1.Messaging;

internal sealed class MassTransitOutboxSender(ConfirmedPublisher publisher) : IOutboxSender
{
    public async Task SendAsync(OutgoingMessage message, CancellationToken cancellationToken)
    {
        var type = MessageTypes.Find(message.Type) ?? throw new InvalidOperationException($"The outbox holds a message of unknown type {message.Type}.");
        var body = JsonSerializer.Deserialize(message.Payload.Span, type.Json)!;

        // MassTransit takes the current activity for the parent of its own: this one continues the trace of the handler.
        using var trace = new Activity("outbox");
        if (message.TraceParent is { } parent)
        {
            trace.SetParentId(parent);
        }

        trace.Start();
        await publisher.PublishAsync(body, message.MessageId, cancellationToken);
    }
}
