using System.Text.Json;
using System.Text.Json.Serialization;
using StackExchange.Redis;

namespace Acme._1.Messaging.Redis;

/// <summary>
/// An answer as one value, because a channel carries no fields: the headers as a line of JSON, and then the payload's bytes.
/// </summary>
internal static class RedisAnswer
{
    private const byte NewLine = (byte)'\n';

    public static RedisValue Write(Envelope reply) =>
        (byte[])[.. JsonSerializer.SerializeToUtf8Bytes(EnvelopeHeaders.Write(reply), RedisAnswerJson.Default.DictionaryStringString), NewLine, .. reply.Data.Span];

    /// <summary>The headers and the payload. What is no answer has no headers.</summary>
    public static (IReadOnlyDictionary<string, string> Headers, ReadOnlyMemory<byte> Body) Read(RedisValue answer)
    {
        ReadOnlyMemory<byte> bytes = (byte[])answer!;
        var end = bytes.Span.IndexOf(NewLine);
        try
        {
            return end > 0 && JsonSerializer.Deserialize(bytes.Span[..end], RedisAnswerJson.Default.DictionaryStringString) is { } headers
                ? (headers, bytes[(end + 1)..])
                : (new Dictionary<string, string>(), bytes);
        }
        catch (JsonException)
        {
            return (new Dictionary<string, string>(), bytes);
        }
    }
}

[JsonSerializable(typeof(Dictionary<string, string>))]
internal sealed partial class RedisAnswerJson : JsonSerializerContext;
