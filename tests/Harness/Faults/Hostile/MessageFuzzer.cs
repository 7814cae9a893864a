using System.Text;
using System.Text.Json;

namespace MqService.Harness.Faults.Hostile;

/// <summary>
/// Makes hostile messages. Each follows from the seed and its number alone, so that one that does harm can be made again.
/// </summary>
/// <param name="maxBody">The largest body that the broker takes.</param>
internal sealed class MessageFuzzer(int seed, MessageFormat format, int maxBody)
{
    /// <summary>One in so many is as large as it may be: some in every thousand.</summary>
    private const int Huge = 400;

    private const int HugeBody = 10 * 1024 * 1024;

    public HostileMessage Create(int number)
    {
        var random = new Random(unchecked((seed * 1_000_003) + number));
        var id = $"hostile-{seed}-{number}";
        var type = Quote(format.TypeName("order.placed", 2));
        var time = DateTimeOffset.UnixEpoch.AddSeconds(1_700_000_000 + number).ToString("O");
        var (what, fate, parts) = number % Huge == Huge / 2 ? ("a huge body", Fate.DeadLetter, format.Write(type, id, time, Fill(random, Math.Min(HugeBody, maxBody) - 4096)))
            : random.Next(10) < 6 ? BreakBody()
            : BreakHeaders();

        var noise = random.Next(3) == 0 ? AddNoise(random, parts.Headers) : "";
        return new($"{what}{noise}", fate, parts.Headers, parts.Body);

        (string, Fate, (List<KeyValuePair<string, object?>> Headers, byte[] Body)) BreakBody()
        {
            var (broken, becomes, payload) = Payload(random, id);
            return (broken, becomes, format.Write(type, id, time, payload));
        }

        (string, Fate, (List<KeyValuePair<string, object?>> Headers, byte[] Body)) BreakHeaders()
        {
            var order = Order(id);
            return random.Next(format.HasEnvelope ? 9 : format.IsMassTransit ? 5 : 10) switch
            {
                0 => ("no headers at all", Fate.DeadLetter, format.Write(null, null, null, order)),
                1 => ("no type", Fate.DeadLetter, format.Write(null, id, time, order)),
                2 => ("an unknown type", Fate.DeadLetter, format.Write(Quote(UnknownType(random)), id, time, order)),
                3 => ("an unknown version", Fate.DeadLetter, format.Write(Quote(format.TypeName("order.placed", random.Next(3, int.MaxValue))), id, time, order)),
                4 => ("a type that is sent elsewhere", Fate.DeadLetter, format.Write(Quote(format.TypeName("order.processed", 1)), id, time, order)),
                5 when format.HasEnvelope => ("an id that is no text", Fate.DeadLetter, ([], [.. "{\"messageId\":\"\\ud800\",\"message\":"u8, .. order, .. "}"u8])),
                6 when format.HasEnvelope => ("types that are no list of texts", Fate.DeadLetter, format.Write(Pick(random, "1", "null", "{}", "[[]]", "\"\\ud800\"", "\"\""), id, time, order)),
                7 when format.HasEnvelope => ("half an envelope", Fate.DeadLetter, Cut(format.Write(type, id, time, order))),
                8 when format.HasEnvelope => ("a time that is none", Fate.DeadLetter, format.Write(type, id, Pick(random, "yesterday", "9999-99-99", "-1"), order)),
                5 => ("no id", Fate.DeadLetter, format.Write(type, null, time, order)),
                6 => ("an id that is empty", Fate.DeadLetter, format.Write(type, "", time, order)),
                7 => ("an odd id, and no time", Fate.DeadLetter, format.Write(type, OddId(random), null, order)),
                8 => ("a time that is none", Fate.DeadLetter, format.Write(type, id, Pick(random, "yesterday", "", "0000-00-00T00:00:00Z", "9999-12-31T23:59:59-14:00", "1e400"), order)),
                _ => ("mistyped headers", Fate.DeadLetter, format.Write(Mistyped(random), Mistyped(random), Mistyped(random), order)),
            };
        }

        (List<KeyValuePair<string, object?>> Headers, byte[] Body) Cut((List<KeyValuePair<string, object?>> Headers, byte[] Body) parts) =>
            (parts.Headers, parts.Body[..random.Next(parts.Body.Length - 1)]);
    }

    // In an envelope it is JSON, in a header it is not.
    private string Quote(string type) => format.HasEnvelope ? JsonSerializer.Serialize(type) : type;

    private static byte[] Order(string id) =>
        Encoding.UTF8.GetBytes($$"""{"orderId":"{{id}}","sku":"coffee","quantity":1,"placedAt":"2026-01-31T08:30:00Z"}""");

    private static (string What, Fate Fate, byte[] Payload) Payload(Random random, string id)
    {
        var order = Encoding.UTF8.GetString(Order(id));
        return random.Next(16) switch
        {
            0 => ("no UTF-8", Fate.DeadLetter, [0xff, .. Bytes(random, random.Next(2_000))]),
            1 => ("an empty body", Fate.DeadLetter, []),
            2 => ("no object", Fate.DeadLetter, Utf8(Pick(random, "null", "true", "[]", "42", "\"text\"", " ", "\0", "-", "{"))),
            3 => ("deep nesting", Fate.DeadLetter, Utf8(new string('[', random.Next(65, 100_000)))),
            4 => ("deep nesting of objects", Fate.DeadLetter, Utf8(string.Concat(Enumerable.Repeat("{\"a\":", random.Next(65, 20_000))))),
            5 => ("cut off", Fate.DeadLetter, Utf8(order[..random.Next(1, order.Length - 1)])),
            6 => ("a wrong type", Fate.DeadLetter, Utf8(order.Replace($"\"{id}\"", Pick(random, "5", "[]", "{}", "null", "true", "\"\\ud800\"")))),
            7 => ("a huge number", Fate.DeadLetter, Utf8(order.Replace("\"quantity\":1", $"\"quantity\":{Pick(random, "1e400", "99999999999999999999", "1.5", "\"many\"", $"1{new string('0', 10_000)}", "NaN", "0x1", "-1", "0", "-2147483648")}"))),
            8 => ("no time", Fate.DeadLetter, Utf8(order.Replace("2026-01-31T08:30:00Z", Pick(random, "yesterday", "", "9999-99-99", "2026-01-31T08:30:00+99:00", new string('9', 50_000))))),
            9 => ("a missing property", Fate.DeadLetter, Utf8(order.Replace(Pick(random, "\"sku\"", "\"orderId\"", "\"quantity\""), "\"other\""))),
            10 => ("more than one value", Fate.DeadLetter, Utf8(order + Pick(random, "}", order, "x", "\0"))),
            11 => ("another encoding", Fate.DeadLetter, Pick(random, Encoding.Unicode, Encoding.BigEndianUnicode, Encoding.UTF32).GetBytes(order)),
            12 => ("broken UTF-8 in a text", Fate.DeadLetter, Replace(Utf8(order), (byte)'c', Pick(random, (byte)0xff, (byte)0xc0, (byte)0x80))),
            13 => ("an odd text", Fate.ProcessedOrDeadLetter, Utf8(order.Replace(id, $"{id}{Pick(random, "\\u0000", "\\r\\n", "\\u202e", "/../", "'; DROP TABLE orders; --", "{0}%s", new string('x', random.Next(100_000)))}"))),
            14 => ("a property twice", Fate.ProcessedOrDeadLetter, Utf8(order.Replace("\"sku\":", "\"sku\":\"tea\",\"sku\":"))),
            _ => ("a number that nobody reads", Fate.ProcessedOrDeadLetter, Utf8(order.Replace("\"quantity\"", "\"extra\":1e999999,\"quantity\""))),
        };
    }

    private static string UnknownType(Random random) =>
        Pick(random, "x", "shop.invoice.sent.v1", "order.placed.v2", ".v2", "urn:message:", "urn:message::", "\u0001", "🦄", new string('t', random.Next(1, 20_000)));

    private static string OddId(Random random) =>
        $"{random.Next()}{Pick(random, "/", "%2F", "..", "?a=b#c", "ünïcödé", "a b", "\t", "{0}", "*", ">", "'\"", new string('i', random.Next(1_000)), new string('i', 20_000))}";

    /// <summary>What is no text, where the broker has types; elsewhere text that is none.</summary>
    private static object Mistyped(Random random) => Pick<object>(
        random,
        Bytes(random, random.Next(1, 100)),
        long.MinValue,
        double.NaN,
        true,
        new List<object?> { "a", 1, null, new List<object?>() },
        new Dictionary<string, object?> { ["a"] = new Dictionary<string, object?> { ["b"] = 1.5f } },
        Nested(random.Next(2, 3_000)));

    private static Dictionary<string, object?> Nested(int depth)
    {
        var table = new Dictionary<string, object?>();
        for (var level = 0; level < depth; level++)
        {
            table = new() { ["a"] = table };
        }

        return table;
    }

    /// <summary>Headers that mean something to somebody on the way, with values that nobody expects. None of them makes a message a good one.</summary>
    private string AddNoise(Random random, List<KeyValuePair<string, object?>> headers)
    {
        var added = new List<string>();
        for (var count = random.Next(1, 5); count > 0; count--)
        {
            var name = Pick(
                random, "failure-attempts", "failure-round", "failure-replays", "failure-first", "failure-last", "failure-reason",
                "MT-Redelivery-Count", "MT-Host-MachineName", "MT-Fault-Message", "x-delivery-count", "x-death", "x-first-death-queue", "CC", "traceparent",
                "tracestate", "retry-delay", "reply-to", "correlation-id", "expires", "Content-Type", "Nats-Expected-Stream", "Nats-Rollup", "Status", "Host", "__proto__");
            object? value = name switch
            {
                "CC" => new List<object?> { format.Queue },
                _ => Pick<object?>(
                    random, null, "", "-1", "2147483647", "99999999999999999999", "0001-01-01T00:00:00Z", "00-00000000000000000000000000000000-0000000000000000-ff", "\0", "a\r\nb",
                    Bytes(random, 50), new List<object?>(), new Dictionary<string, object?> { ["time"] = "x" }, long.MaxValue, int.MinValue, -1.5, false, new string('v', random.Next(1, 30_000))),
            };
            headers.Insert(random.Next(headers.Count + 1), new(name, value is string text ? Encoding.UTF8.GetBytes(text) : value));
            added.Add(name);
        }

        if (headers.Count > 0 && random.Next(4) == 0)
        {
            var twice = Pick(random, [.. headers]);
            if (twice.Key != format.IdHeader)
            {
                headers.Insert(0, twice);
                added.Add($"{twice.Key} twice");
            }
        }

        if (random.Next(8) == 0)
        {
            headers.AddRange(Enumerable.Range(0, random.Next(500)).Select(n => KeyValuePair.Create<string, object?>($"h{n}", Bytes(random, random.Next(100)))));
            added.Add("many");
        }

        return $" (and {string.Join(", ", added)})";
    }

    private static byte[] Fill(Random random, int length)
    {
        var bytes = new byte[length];
        Array.Fill(bytes, Pick(random, (byte)'[', (byte)'"', (byte)'1', (byte)0xff, (byte)0));
        return bytes;
    }

    private static byte[] Bytes(Random random, int length)
    {
        var bytes = new byte[length];
        random.NextBytes(bytes);
        return bytes;
    }

    private static byte[] Replace(byte[] bytes, byte old, byte replacement) => Array.ConvertAll(bytes, value => value == old ? replacement : value);

    private static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);

    private static T Pick<T>(Random random, params ReadOnlySpan<T> choices) => choices[random.Next(choices.Length)];
}
