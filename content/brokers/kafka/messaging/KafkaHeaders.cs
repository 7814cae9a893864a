using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Confluent.Kafka;

namespace Acme._1.Messaging.Kafka;

/// <summary>Between Kafka's headers, which are bytes, and ours, which are strings.</summary>
internal static partial class KafkaHeaders
{
    /// <summary>When a message in a retry topic is to be handled again.</summary>
    public const string Due = "retry-due";

    /// <summary>The key a dead letter had; its own key tells it from all other dead letters.</summary>
    public const string OriginalKey = "original-key";

    /// <summary>The place of the payload of a dead letter that has none itself, for its copy was too large.</summary>
    public const string PayloadLeftAt = "payload-left-at";

    // Where the message was when it failed first, so that it can be found again. The names are those of Spring Kafka,
    // and so are the values: text, and numbers in network byte order.
    private const string Origin = "kafka_dlt-original-";
    private const string OriginTopic = Origin + "topic";
    private const string OriginPartition = Origin + "partition";
    private const string OriginOffset = Origin + "offset";
    private const string OriginTimestamp = Origin + "timestamp";
    private const string OriginGroup = Origin + "consumer-group";
    private const string ExceptionMessage = "kafka_dlt-exception-message";

    /// <summary>A reason may quote what came from outside: a copy must not outgrow its topic because of it.</summary>
    private const int MaxReasonLength = 4_000;

    public static Dictionary<string, string> Read(Headers? headers)
    {
        var read = new Dictionary<string, string>(headers?.Count ?? 0);
        foreach (var header in headers ?? [])
        {
            if (header.GetValueBytes() is { } value)
            {
                read[header.Key] = ToText(header.Key, value);
            }
        }

        return read;
    }

    public static Headers Write(IReadOnlyDictionary<string, string> values)
    {
        var headers = new Headers();
        foreach (var (name, value) in values)
        {
            headers.Add(name, Encoding.UTF8.GetBytes(value));
        }

        return headers;
    }

    public static DateTimeOffset? ReadDue(Headers? headers) =>
        headers?.TryGetLastBytes(Due, out var value) == true
        && value is not null
        && DateTimeOffset.TryParse(Encoding.UTF8.GetString(value), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var due)
            ? due
            : null;

    public static string? ReadSubject(Headers? headers) =>
        headers?.TryGetLastBytes(Subject, out var value) == true && value is not null ? Encoding.UTF8.GetString(value) : null;

    /// <summary>The headers for a copy that waits in a retry topic.</summary>
    public static Headers ForRetry(ConsumeResult<byte[]?, byte[]?> original, FailureHistory failures, DateTimeOffset due)
    {
        var headers = Copy(original.Message.Headers, failures with { Reason = Shorten(failures.Reason) });
        AddOrigin(headers, original);
        Set(headers, Due, Encoding.UTF8.GetBytes(due.ToString("O", CultureInfo.InvariantCulture)));
        return headers;
    }

    /// <summary>The headers for a dead letter.</summary>
    public static Headers ForDeadLetter(ConsumeResult<byte[]?, byte[]?> original, FailureHistory failures, string queue)
    {
        var reason = Shorten(failures.Reason);
        var headers = Copy(original.Message.Headers, failures with { Reason = reason });
        AddOrigin(headers, original);
        headers.Remove(Due);
        Set(headers, OriginGroup, Encoding.UTF8.GetBytes(queue));
        Set(headers, ExceptionMessage, Encoding.UTF8.GetBytes(reason));
        Set(headers, OriginalKey, original.Message.Key);
        return headers;
    }

    /// <summary>The headers for a dead letter that stays where it is: without those of the original, for they may be what is too large.</summary>
    public static Headers ForDeadLetterElsewhere(ConsumeResult<byte[]?, byte[]?> original, FailureHistory failures, string queue, string id)
    {
        var place = original.TopicPartitionOffset.ToString();
        var reason = $"{Shorten(failures.Reason)} (too large to be copied, the message is still at {place})";
        var headers = Copy(original: null, failures with { Reason = reason });
        AddOrigin(headers, original);
        headers.Add(Id, Encoding.UTF8.GetBytes(id));
        headers.Add(OriginGroup, Encoding.UTF8.GetBytes(queue));
        headers.Add(ExceptionMessage, Encoding.UTF8.GetBytes(reason));
        headers.Add(PayloadLeftAt, Encoding.UTF8.GetBytes(place));
        return headers;
    }

    /// <summary>The headers for a dead letter that goes back to its queue.</summary>
    public static Headers ForReplay(Headers deadLetter, FailureHistory failures)
    {
        var headers = Copy(deadLetter, failures);
        foreach (var name in headers.Select(header => header.Key).Where(IsAboutDeath).ToList())
        {
            headers.Remove(name);
        }

        return headers;
    }

    private static Headers Copy(Headers? original, FailureHistory failures)
    {
        var copy = new Headers();
        foreach (var header in original ?? [])
        {
            copy.Add(header.Key, header.GetValueBytes());
        }

        foreach (var (name, value) in HeadersOf(failures))
        {
            Set(copy, name, Encoding.UTF8.GetBytes(value));
        }

        return copy;
    }

    private static void AddOrigin(Headers headers, ConsumeResult<byte[]?, byte[]?> original)
    {
        if (headers.TryGetLastBytes(OriginTopic, out _))
        {
            return;
        }

        headers.Add(OriginTopic, Encoding.UTF8.GetBytes(original.Topic));
        headers.Add(OriginPartition, Number(original.Partition.Value));
        headers.Add(OriginOffset, Number(original.Offset.Value));
        headers.Add(OriginTimestamp, Number(original.Message.Timestamp.UnixTimestampMs));
    }

    private static void Set(Headers headers, string name, byte[]? value)
    {
        // A name may be there more than once.
        headers.Remove(name);
        headers.Add(name, value);
    }

    private static string Shorten(string reason) => reason.Length <= MaxReasonLength ? reason : $"{reason[..MaxReasonLength]}…";

    private static bool IsAboutDeath(string name) => name is ExceptionMessage or OriginalKey || name.StartsWith(Origin, StringComparison.Ordinal);

    private static string ToText(string name, byte[] value) => (name, value.Length) switch
    {
        (OriginPartition, sizeof(int)) => BinaryPrimitives.ReadInt32BigEndian(value).ToString(CultureInfo.InvariantCulture),
        (OriginOffset or OriginTimestamp, sizeof(long)) => BinaryPrimitives.ReadInt64BigEndian(value).ToString(CultureInfo.InvariantCulture),
        _ => Encoding.UTF8.GetString(value),
    };

    private static byte[] Number(int value)
    {
        var bytes = new byte[sizeof(int)];
        BinaryPrimitives.WriteInt32BigEndian(bytes, value);
        return bytes;
    }

    private static byte[] Number(long value)
    {
        var bytes = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(bytes, value);
        return bytes;
    }
}
