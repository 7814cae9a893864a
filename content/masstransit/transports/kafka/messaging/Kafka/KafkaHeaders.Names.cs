using MassTransit;

namespace Acme._1.Messaging.Kafka;

/// <summary>What a message's attributes are called among the headers.</summary>
internal static partial class KafkaHeaders
{
    public const string Id = HeaderNames.MessageId;

    public const string Subject = "subject";

    public static string? IdOf(IReadOnlyDictionary<string, string> headers) =>
        headers.GetValueOrDefault(Id) is { Length: > 0 } id ? id : headers.GetValueOrDefault(MessageHeaders.MessageId);

    public static string? TypeOf(IReadOnlyDictionary<string, string> headers) => MessageEnvelope.Read(headers.GetValueOrDefault).Type;

    private static IEnumerable<KeyValuePair<string, string>> HeadersOf(FailureHistory failures) => failures.ToHeaders();
}
