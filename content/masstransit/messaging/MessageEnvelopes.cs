using System.Text.Json;
using Acme._1.Contracts;
using MassTransit;

namespace Acme._1.Messaging;

/// <summary>Looks into the body of a message without handling it.</summary>
internal static class MessageEnvelopes
{
    /// <summary>The contract's name of the message if it is one of ours, else what the sender called it, or null if it did not say.</summary>
    public static string? FindType(ReadOnlyMemory<byte> body)
    {
        try
        {
            using var envelope = JsonDocument.Parse(body);
            if (envelope.RootElement.ValueKind is JsonValueKind.Object
                && envelope.RootElement.TryGetProperty("messageType", out var types)
                && types.ValueKind is JsonValueKind.Array
                && types.EnumerateArray().FirstOrDefault() is { ValueKind: JsonValueKind.String } first)
            {
                var urn = first.GetString();
                return MessageTypes.All.FirstOrDefault(type => MessageUrn.ForTypeString(type.Json.Type) == urn)?.Name ?? urn;
            }
        }
        catch (JsonException)
        {
            // Malformed: that may be just why it is a dead letter.
        }

        return null;
    }
}
