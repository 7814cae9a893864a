namespace Acme._1.Messaging.Kafka;

/// <summary>What the envelope's attributes are called among the headers.</summary>
internal static partial class KafkaHeaders
{
    public const string Id = HeaderNames.Id;
    public const string Subject = HeaderNames.Subject;

    public static string? IdOf(IReadOnlyDictionary<string, string> headers) => headers.GetValueOrDefault(Id);

    public static string? TypeOf(IReadOnlyDictionary<string, string> headers) => headers.GetValueOrDefault(HeaderNames.Type);

    private static Dictionary<string, string> HeadersOf(FailureHistory failures)
    {
        var headers = new Dictionary<string, string>();
        failures.Write(headers);
        return headers;
    }
}
