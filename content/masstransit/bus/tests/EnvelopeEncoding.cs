using System.Globalization;
using System.Text;
using System.Text.Json;
using Acme._1.Messaging;

namespace Acme._1.Tests;

/// <summary>MassTransit's envelope, written by hand: a test must be able to write what MassTransit never would.</summary>
internal static class EnvelopeEncoding
{
    public static WireMessage Encode(string? type, string? messageId, ReadOnlyMemory<byte> payload, string? subject)
    {
        var headers = new Dictionary<string, string>();
        if (messageId is not null)
        {
            headers[HeaderNames.MessageId] = messageId;
        }

        var body = new StringBuilder("{");
        if (type is not null)
        {
            body.Append(CultureInfo.InvariantCulture, $"\"messageType\":[{JsonSerializer.Serialize(MessageUrns.Of(type))}],");
        }

        body.Append(CultureInfo.InvariantCulture, $"\"sentTime\":\"{DateTime.UtcNow:O}\",\"message\":");
        return new(headers, [.. Encoding.UTF8.GetBytes(body.ToString()), .. payload.Span, .. "}"u8], subject);
    }
}
