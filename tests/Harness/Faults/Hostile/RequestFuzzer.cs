using System.Net.Http.Headers;
using System.Text;

namespace MqService.Harness.Faults.Hostile;

/// <summary>Makes requests that no producer may accept. As with messages, each follows from the seed and its number.</summary>
internal sealed class RequestFuzzer(int seed)
{
    private const string Good = """{"orderId":"x","sku":"coffee","quantity":1}""";

    /// <summary>The number of a request that is as large as a client may make it.</summary>
    public const int Huge = HugeEvery / 2;

    /// <summary>One in so many is.</summary>
    private const int HugeEvery = 400;

    public (string What, HttpRequestMessage Request) Create(int number)
    {
        var random = new Random(unchecked((seed * 1_000_003) + number));
        if (number % HugeEvery == Huge)
        {
            return ("a huge body", Post(Encoding.UTF8.GetBytes(Good.Replace("coffee", new string('c', 10 * 1024 * 1024)))));
        }

        return random.Next(20) switch
        {
            0 => ("no UTF-8", Post([0xff, .. Bytes(random, random.Next(2_000))])),
            1 => ("an empty body", Post([])),
            2 => ("no object", Post(Pick(random, "null", "true", "[]", "42", "\"text\"", " ", "\0", "-", "{"))),
            3 => ("deep nesting", Post(new string('[', random.Next(65, 100_000)))),
            4 => ("deep nesting of objects", Post(string.Concat(Enumerable.Repeat("{\"a\":", random.Next(65, 20_000))))),
            5 => ("cut off", Post(Good[..random.Next(1, Good.Length - 1)])),
            6 => ("a wrong type", Post(Good.Replace("\"coffee\"", Pick(random, "5", "[]", "{}", "null", "\"\"", "\"\\ud800\"")))),
            7 => ("a number that is none", Post(Good.Replace("\"quantity\":1", $"\"quantity\":{Pick(random, "1e400", "99999999999999999999", "1.5", "\"many\"", "NaN", "0", "-1", "1000001", $"1{new string('0', 10_000)}")}"))),
            8 => ("a missing property", Post(Good.Replace(Pick(random, "\"sku\"", "\"quantity\""), "\"other\""))),
            9 => ("more than one value", Post(Good + Pick(random, "}", Good, "x"))),
            10 => ("another encoding", Post(Pick(random, Encoding.Unicode, Encoding.BigEndianUnicode, Encoding.UTF32).GetBytes(Good))),
            11 => ("broken UTF-8 in a text", Post(Array.ConvertAll(Encoding.UTF8.GetBytes(Good), value => value == (byte)'c' ? (byte)0xff : value))),
            12 => ("a bad order id", Post(Good.Replace("\"x\"", Pick(random, "\"\"", "\"a\\u0000b\"", $"\"{new string('x', random.Next(201, 50_000))}\"")))),
            13 => ("another type of content", Post(Good, Pick(random, "text/plain", "application/xml", "multipart/form-data", "application/json; charset=utf-7", "application/x-www-form-urlencoded"))),
            14 => ("no type of content", Post(Encoding.UTF8.GetBytes(Good), null)),
            15 => ("a bad Idempotency-Key", With(Post(Good), "Idempotency-Key", Pick(random, "", " ", "a b", "ü", "\u0080", "\u001f", new string('k', random.Next(201, 8_000))))),
            16 => ("another method", new(Pick(random, HttpMethod.Get, HttpMethod.Put, HttpMethod.Delete, HttpMethod.Patch), "orders") { Content = new StringContent(Good) }),
            17 => ("another path", Post(Good, path: Pick(random, "orders/%00", "Orders%2f", "orders;/", "ops/queues", $"orders/{new string('p', random.Next(20_000))}", "orders/%ff%fe"))),
            18 => ("large headers", With(Post(Good), "X-Padding", new string('h', random.Next(40_000, 100_000)))),
            _ => ("a body that is not compressed", WithEncoding(Post(Bytes(random, random.Next(1, 500))), Pick(random, "gzip", "br", "deflate"))),
        };
    }

    private static HttpRequestMessage Post(string body, string? type = "application/json", string path = "orders") => Post(Encoding.UTF8.GetBytes(body), type, path);

    private static HttpRequestMessage Post(byte[] body, string? type = "application/json", string path = "orders")
    {
        var content = new ByteArrayContent(body);
        content.Headers.ContentType = type is null ? null : MediaTypeHeaderValue.Parse(type);
        return new(HttpMethod.Post, path) { Content = content };
    }

    private static HttpRequestMessage With(HttpRequestMessage request, string header, string value)
    {
        request.Headers.TryAddWithoutValidation(header, value);
        return request;
    }

    private static HttpRequestMessage WithEncoding(HttpRequestMessage request, string encoding)
    {
        request.Content!.Headers.ContentEncoding.Add(encoding);
        return request;
    }

    private static byte[] Bytes(Random random, int length)
    {
        var bytes = new byte[length];
        random.NextBytes(bytes);
        return bytes;
    }

    private static T Pick<T>(Random random, params ReadOnlySpan<T> choices) => choices[random.Next(choices.Length)];
}
