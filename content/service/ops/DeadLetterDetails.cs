using System.Text;
using Acme._1.Messaging;

namespace Acme._1.Consumer.Ops;

/// <inheritdoc cref="DeadLetter"/>
public sealed record DeadLetterSummary(
    string MessageId, string? Type, string Queue, string Reason, int Attempts, int Replays, DateTimeOffset FirstFailure, DateTimeOffset LastFailure)
{
    public static DeadLetterSummary Of(DeadLetter letter) => new(
        letter.MessageId, letter.Type, letter.Queue, letter.Reason, letter.Attempts, letter.Replays, letter.FirstFailure, letter.LastFailure);
}

/// <inheritdoc cref="DeadLetter"/>
/// <param name="Payload">The payload as text, or null if its bytes are no UTF-8.</param>
/// <param name="PayloadBase64">The payload's bytes.</param>
public sealed record DeadLetterDetails(
    string MessageId,
    string? Type,
    string Queue,
    string Reason,
    int Attempts,
    int Replays,
    DateTimeOffset FirstFailure,
    DateTimeOffset LastFailure,
    IReadOnlyDictionary<string, string> Headers,
    string? Payload,
    string PayloadBase64)
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public static DeadLetterDetails Of(DeadLetter letter) => new(
        letter.MessageId,
        letter.Type,
        letter.Queue,
        letter.Reason,
        letter.Attempts,
        letter.Replays,
        letter.FirstFailure,
        letter.LastFailure,
        letter.Headers,
        ToText(letter.Payload),
        Convert.ToBase64String(letter.Payload.Span));

    private static string? ToText(ReadOnlyMemory<byte> payload)
    {
        try
        {
            return StrictUtf8.GetString(payload.Span);
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }
}

public sealed record ReplayResult(int Replayed);
