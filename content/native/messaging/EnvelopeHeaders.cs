using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Acme._1.Messaging;

/// <summary>Writes an envelope's attributes into headers, and reads them back from whatever arrives.</summary>
public static class EnvelopeHeaders
{
    private const string SpecVersion = "1.0";
    private const string Source = "/acme-1";

    public static Dictionary<string, string> Write(Envelope envelope)
    {
        var headers = new Dictionary<string, string>(8);
        Write(envelope, headers, static (headers, name, value) => headers[name] = value);
        return headers;
    }

    /// <summary>Writes them at once into what a broker's client has for headers: one is written for every message that is sent.</summary>
    public static void Write<THeaders>(Envelope envelope, THeaders headers, Action<THeaders, string, string> add)
    {
        add(headers, HeaderNames.SpecVersion, SpecVersion);
        add(headers, HeaderNames.Id, envelope.Id);
        add(headers, HeaderNames.Type, envelope.Type);
        add(headers, HeaderNames.Source, Source);
        add(headers, HeaderNames.Time, envelope.Time.ToString("O", CultureInfo.InvariantCulture));
        AddUnlessNull(HeaderNames.Subject, envelope.Subject);
        AddUnlessNull(HeaderNames.TraceParent, envelope.TraceParent);
        AddUnlessNull(HeaderNames.ReplyTo, envelope.ReplyTo);
        AddUnlessNull(HeaderNames.CorrelationId, envelope.CorrelationId);
        AddUnlessNull(HeaderNames.Expires, envelope.Expires?.ToString("O", CultureInfo.InvariantCulture));
        if (envelope.Failures is { } failures)
        {
            var history = new Dictionary<string, string>();
            failures.Write(history);
            foreach (var (name, value) in history)
            {
                add(headers, name, value);
            }
        }

        void AddUnlessNull(string name, string? value)
        {
            if (value is not null)
            {
                add(headers, name, value);
            }
        }
    }

    /// <returns>False, with the problem named, if the headers are not those of one of our messages.</returns>
    public static bool TryRead(
        IReadOnlyDictionary<string, string> headers,
        ReadOnlyMemory<byte> body,
        [NotNullWhen(true)] out Envelope? envelope,
        [NotNullWhen(false)] out string? problem)
    {
        envelope = null;
        problem = null;

        if (!headers.TryGetValue(HeaderNames.Id, out var id) || id.Length == 0)
        {
            problem = $"malformed: the header {HeaderNames.Id} is missing";
        }
        else if (!headers.TryGetValue(HeaderNames.Type, out var type) || type.Length == 0)
        {
            problem = $"malformed: the header {HeaderNames.Type} is missing";
        }
        else if (ReadTime(headers, HeaderNames.Time) is not { } time)
        {
            problem = $"malformed: the header {HeaderNames.Time} is missing or no time";
        }
        else
        {
            envelope = new(id, type, time, body)
            {
                Subject = headers.GetValueOrDefault(HeaderNames.Subject),
                ReplyTo = headers.GetValueOrDefault(HeaderNames.ReplyTo),
                CorrelationId = headers.GetValueOrDefault(HeaderNames.CorrelationId),
                Expires = ReadTime(headers, HeaderNames.Expires),
                TraceParent = headers.GetValueOrDefault(HeaderNames.TraceParent),
                Failures = FailureHistory.Read(headers),
            };
        }

        return envelope is not null;
    }

    private static DateTimeOffset? ReadTime(IReadOnlyDictionary<string, string> headers, string name) =>
        headers.TryGetValue(name, out var text)
        && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
            ? time
            : null;
}
