using System.Text.Json;
using Acme._1.Contracts;
using MassTransit;

namespace Acme._1.Messaging;

/// <summary>What the envelope in a message's body says about the message, for those who do not handle it.</summary>
/// <param name="MessageId">MassTransit's message id, or null.</param>
/// <param name="Types">The URNs of its types; none if it did not say, or if the body is no envelope at all.</param>
internal sealed record MessageEnvelope(string? MessageId, IReadOnlyList<string> Types)
{
    private static readonly MessageEnvelope Unreadable = new(null, []);

    /// <summary>The contract's name of the message if it is one of ours, else what the sender called it, or null if it did not say.</summary>
    public string? Type => Types is [var urn, ..]
        ? MessageTypes.All.FirstOrDefault(type => MessageUrn.ForTypeString(type.Json.Type) == urn)?.Name ?? urn
        : null;

    public static MessageEnvelope Read(ReceiveContext message) => Read(message.GetBody());

    public static MessageEnvelope Read(ReadOnlyMemory<byte> body)
    {
        try
        {
            using var json = JsonDocument.Parse(body);
            return json.RootElement.ValueKind is JsonValueKind.Object
                ? new(StringOf(json.RootElement, "messageId"), StringsOf(json.RootElement, "messageType"))
                : Unreadable;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // No JSON, or a text in it that is none. That may be just why someone asks.
            return Unreadable;
        }
    }

    private static string? StringOf(JsonElement envelope, string property) =>
        envelope.TryGetProperty(property, out var value) && value.ValueKind is JsonValueKind.String ? value.GetString() : null;

    private static string[] StringsOf(JsonElement envelope, string property) =>
        envelope.TryGetProperty(property, out var values) && values.ValueKind is JsonValueKind.Array
            ? [.. values.EnumerateArray().Where(value => value.ValueKind is JsonValueKind.String).Select(value => value.GetString()!)]
            : [];
}
