using System.Text.Json;
using System.Text.Json.Serialization;
using Acme._1.Messaging;
using StackExchange.Redis;

namespace Acme._1.Consumer.Stores;

/// <summary>How messages that wait to be sent are kept.</summary>
internal static class RedisOutbox
{
    /// <summary>A sorted set: the ids of the messages, by the time in milliseconds before which nobody else may send them.</summary>
    public static readonly string Ids = RedisStore.Key("outbox");

    /// <summary>A hash: the messages by their ids.</summary>
    public static readonly string Messages = RedisStore.Key("outbox.messages");

    public static RedisValue Write(OutgoingMessage message) => JsonSerializer.SerializeToUtf8Bytes(message, RedisOutboxJson.Default.OutgoingMessage);

    public static OutgoingMessage Read(RedisValue message) => JsonSerializer.Deserialize((byte[])message!, RedisOutboxJson.Default.OutgoingMessage)!;
}

[JsonSerializable(typeof(OutgoingMessage))]
internal sealed partial class RedisOutboxJson : JsonSerializerContext;
