using StackExchange.Redis;

namespace Acme._1.Messaging.Redis;

/// <summary>A message as an entry of a stream: each header is a field, and so is the payload.</summary>
internal static class RedisMessage
{
    /// <summary>A script can pass on some 8,000 values, two for each field.</summary>
    private const int MaxFields = 3_000;

    private const string Data = "data";

    private static readonly RedisValue Payload = Data;

    private static readonly HashSet<string> Known =
    [
        Data,
        HeaderNames.SpecVersion, HeaderNames.Id, HeaderNames.Type, HeaderNames.Source, HeaderNames.Time, HeaderNames.Subject,
        HeaderNames.TraceParent, HeaderNames.ReplyTo, HeaderNames.CorrelationId, HeaderNames.Expires,
    ];

    public static NameValueEntry[] Write(Envelope envelope)
    {
        var fields = new List<NameValueEntry>(8);
        EnvelopeHeaders.Write(envelope, fields, static (fields, name, value) => fields.Add(new(name, value)));
        fields.Add(new(Payload, envelope.Data));
        return [.. fields];
    }

    public static NameValueEntry[] Write(Dictionary<string, string> headers, ReadOnlyMemory<byte> payload) =>
        [.. headers.Select(header => new NameValueEntry(header.Key, header.Value)), new(Payload, payload)];

    public static Dictionary<string, string> ReadHeaders(NameValueEntry[] fields)
    {
        var headers = new Dictionary<string, string>(fields.Length);
        foreach (var field in fields)
        {
            if (field.Name != Payload)
            {
                headers[field.Name.ToString()] = field.Value.ToString();
            }
        }

        return headers;
    }

    public static ReadOnlyMemory<byte> ReadPayload(NameValueEntry[] fields) =>
        Array.Find(fields, field => field.Name == Payload).Value is { IsNull: false } payload ? (ReadOnlyMemory<byte>)payload : default;

    /// <summary>
    /// The fields for a copy of this message, with a new failure history and every other byte as it was. Of more headers
    /// than anybody needs, strange ones are left out: better a copy without them than none.
    /// </summary>
    public static NameValueEntry[] Copy(NameValueEntry[] fields, FailureHistory failures)
    {
        var history = new Dictionary<string, string>();
        failures.Write(history);
        var kept = Array.FindAll(fields, field => !history.ContainsKey(field.Name.ToString()));
        return
        [
            .. kept.Length <= MaxFields ? kept : kept.OrderByDescending(field => Known.Contains(field.Name.ToString())).Take(MaxFields),
            .. history.Select(header => new NameValueEntry(header.Key, header.Value)),
        ];
    }

    /// <summary>A message that came without an id gets one, or nobody could ask for it.</summary>
    public static NameValueEntry[] WithId(NameValueEntry[] fields) =>
        ReadHeaders(fields).GetValueOrDefault(HeaderNames.Id) is { Length: > 0 }
            ? fields
            : [.. fields, new(HeaderNames.Id, Guid.CreateVersion7().ToString())];

    /// <summary>Names and values in turn, as a script wants them.</summary>
    public static IEnumerable<RedisValue> Flatten(NameValueEntry[] fields) => fields.SelectMany(field => new[] { field.Name, field.Value });
}
