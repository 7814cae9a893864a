using System.Globalization;
using System.Text;
using NATS.Client.Core;

namespace Acme._1.Messaging.Nats;

/// <summary>Between the headers of NATS, which may repeat, and ours.</summary>
internal static class NatsMessageHeaders
{
    /// <summary>How long a retry waits, in milliseconds.</summary>
    public const string Delay = "retry-delay";

    /// <summary>What a failure adds to a message at most, in bytes. Whatever is accepted must still fit when it has failed.</summary>
    public const int MaxFailureBytes = 8 * 1024;

    /// <summary>What the headers of a message in a stream may take, in bytes.</summary>
    public const int MaxBytes = 64 * 1024;

    // Names that begin like this mean something to the server.
    private const string ServerPrefix = "Nats-";

    private const int MaxReasonLength = 2_000;
    private const int ShortReasonLength = 100;

    private const int MaxIdLength = 1_000;

    private const string CloudEventsPrefix = "cloudEvents_";
    private const string FailurePrefix = "failure-";

    public static Dictionary<string, string> Read(NatsHeaders? headers) =>
        headers?.ToDictionary(header => header.Key, header => header.Value.ToString()) ?? [];

    public static NatsHeaders Create(Envelope envelope)
    {
        var created = new NatsHeaders();
        EnvelopeHeaders.Write(envelope, created, static (headers, name, value) => headers[name] = value);
        return created;
    }

    public static NatsHeaders Create(IEnumerable<KeyValuePair<string, string>> headers)
    {
        var created = new NatsHeaders();
        foreach (var (name, value) in headers)
        {
            created[name] = value;
        }

        return created;
    }

    /// <summary>
    /// The headers for a copy of a message, with a new failure history. Leaves out what was meant for the server, and names that the
    /// client does not send: the server passes on any.
    /// </summary>
    public static NatsHeaders Copy(NatsHeaders? original, FailureHistory? failures)
    {
        var copy = new NatsHeaders();
        foreach (var (name, value) in original ?? [])
        {
            if (name != Delay && !name.StartsWith(ServerPrefix, StringComparison.OrdinalIgnoreCase) && IsSendable(name))
            {
                copy[name] = value;
            }
        }

        if (failures is not null)
        {
            var history = new Dictionary<string, string>();
            (failures with { Reason = OneLine(failures.Reason) }).Write(history);
            foreach (var (name, value) in history)
            {
                copy[name] = value;
            }
        }

        return copy;
    }

    /// <summary>The message's id. A message that came without one, or with one that fits into no address, gets one, or nobody could ask for it.</summary>
    public static string EnsureId(NatsHeaders headers)
    {
        if (!headers.TryGetValue(HeaderNames.Id, out var id) || id.ToString().Length is 0 or > MaxIdLength)
        {
            headers[HeaderNames.Id] = id = Guid.CreateVersion7().ToString();
        }

        return id.ToString();
    }

    /// <summary>What a copy cannot do without, for when it does not fit otherwise: no headers of others, and less of a reason.</summary>
    public static NatsHeaders Shorten(NatsHeaders headers)
    {
        var shortened = Create(headers
            .Where(header => header.Key == Delay
                || (header.Value.ToString().Length <= MaxReasonLength
                    && (header.Key.StartsWith(CloudEventsPrefix, StringComparison.Ordinal) || header.Key.StartsWith(FailurePrefix, StringComparison.Ordinal))))
            .Select(header => KeyValuePair.Create(header.Key, header.Value.ToString())));
        if (shortened.TryGetValue(HeaderNames.Reason, out var reason) && reason.ToString() is { Length: > ShortReasonLength } text)
        {
            shortened[HeaderNames.Reason] = text[..ShortReasonLength];
        }

        return shortened;
    }

    public static TimeSpan ReadDelay(NatsHeaders? headers) =>
        headers is not null && headers.TryGetValue(Delay, out var text)
        && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var milliseconds)
            ? TimeSpan.FromMilliseconds(milliseconds)
            : TimeSpan.Zero;

    public static void WriteDelay(NatsHeaders headers, TimeSpan delay) =>
        headers[Delay] = ((long)delay.TotalMilliseconds).ToString(CultureInfo.InvariantCulture);

    /// <summary>What the headers take on the wire, in bytes.</summary>
    public static int SizeOf(NatsHeaders headers) =>
        "NATS/1.0\r\n\r\n".Length + headers.Sum(header => Encoding.UTF8.GetByteCount(header.Key) + Encoding.UTF8.GetByteCount(header.Value.ToString()) + ": \r\n".Length);

    private static bool IsSendable(string name) => name.Length > 0 && !name.AsSpan().ContainsAnyExceptInRange('!', '~');

    // A header ends at the end of its line, and an exception's message may have many.
    private static string OneLine(string text)
    {
        var line = text.Length > MaxReasonLength ? text[..MaxReasonLength] : text;
        return string.Create(line.Length, line, static (characters, source) =>
        {
            for (var i = 0; i < source.Length; i++)
            {
                characters[i] = char.IsControl(source[i]) ? ' ' : source[i];
            }
        });
    }
}
