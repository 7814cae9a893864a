using StackExchange.Redis;

namespace Acme._1.Messaging.Redis;

/// <summary>A message as an entry of a stream: each header is a field, and so is the payload.</summary>
internal static class RedisMessage
{
    /// <summary>A script can pass on some 8,000 values, two for each field.</summary>
    private const int MaxFields = 3_000;

    private const string Data = "data";

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
        fields.Add(new(Data, envelope.Data));
        return [.. fields];
    }

    public static NameValueEntry[] Write(Dictionary<string, string> headers, ReadOnlyMemory<byte> payload) =>
        [.. headers.Select(header => new NameValueEntry(header.Key, header.Value)), new(Data, payload)];

    public static (Dictionary<string, string> Headers, ReadOnlyMemory<byte> Payload) Read(NameValueEntry[] fields)
    {
        var headers = new Dictionary<string, string>(fields.Length);
        ReadOnlyMemory<byte> payload = default;
        foreach (var field in fields)
        {
            // As strings: two values of Redis that differ are compared as numbers, too.
            var name = field.Name.ToString();
            if (name == Data)
            {
                payload = field.Value;
            }
            else
            {
                headers[name] = field.Value.ToString();
            }
        }

        return (headers, payload);
    }

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
        Read(fields).Headers.GetValueOrDefault(HeaderNames.Id) is { Length: > 0 }
            ? fields
            : [.. fields, new(HeaderNames.Id, Guid.CreateVersion7().ToString())];

    /// <summary>Names and values in turn, as a script wants them.</summary>
    public static IEnumerable<RedisValue> Flatten(NameValueEntry[] fields) => fields.SelectMany(field => new[] { field.Name, field.Value });
}
