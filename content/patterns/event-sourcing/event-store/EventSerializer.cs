using System.Text.Json;
using Acme._1.Contracts;

namespace Acme._1.EventStore;

/// <summary>Writes events as they are stored and sent, and reads them back in their current version.</summary>
internal static class EventSerializer
{
    public static (string Type, byte[] Data) Write(object data)
    {
        var type = MessageTypes.Of(data.GetType());
        return (type.Name, JsonSerializer.SerializeToUtf8Bytes(data, type.Json));
    }

    /// <exception cref="UnreadableEventException">Its type or version is not known here, or its bytes are not what the type says.</exception>
    public static object Read(string type, ReadOnlySpan<byte> data, DateTimeOffset storedAt)
    {
        if (MessageTypes.Find(type) is not { } known)
        {
            throw new UnreadableEventException(MessageTypes.IsOtherVersionOfKnown(type)
                ? $"unsupported version in the event store: {type}"
                : $"unknown event type in the event store: {type}");
        }

        try
        {
            var stored = JsonSerializer.Deserialize(data, known.Json) ?? throw new UnreadableEventException($"malformed event of type {type}: it is null");
            return EventUpcaster.ToLatest(stored, storedAt);
        }
        catch (JsonException exception)
        {
            throw new UnreadableEventException($"malformed event of type {type}: {exception.Message}", exception);
        }
    }
}
