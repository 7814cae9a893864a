using Acme._1.Messaging;
using Acme._1.Messaging.Kafka;
using MassTransit;

namespace Acme._1.Tests;

internal sealed partial class Wire
{
    /// <summary>The rider has no envelope: the value is the message, and what there is to know about it stands in the headers.</summary>
    public WireMessage Encode(string? type, string? messageId, ReadOnlyMemory<byte> payload, string? subject = null)
    {
        var headers = new Dictionary<string, string>();
        if (messageId is not null)
        {
            headers[HeaderNames.MessageId] = messageId;
        }

        if (type is not null)
        {
            headers[MessageHeaders.MessageType] = MessageUrns.Of(type);
        }

        if (subject is not null)
        {
            headers[KafkaHeaders.Subject] = subject;
        }

        return new(headers, payload.ToArray(), subject);
    }
}
