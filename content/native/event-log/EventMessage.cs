using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Acme._1.Contracts;
using Acme._1.Messaging;

namespace Acme._1.EventStore;

/// <summary>
/// An event as it stands in the broker's log: the message that subscribers get, with two headers more, which say where it
/// belongs. What does not have them was put there by somebody else, and is no event.
/// </summary>
internal static class EventMessage
{
    public const string StreamHeader = "event-stream";
    public const string VersionHeader = "event-version";

    /// <summary>The topic that is the log of all events.</summary>
    public static Destination Log { get; } =
        MessageTypes.All.Select(type => type.Destination).Distinct().Single(destination => destination.IsEventLog);

    public static Dictionary<string, string> WriteHeaders(Envelope envelope, string stream, long version)
    {
        var headers = EnvelopeHeaders.Write(envelope);
        headers[StreamHeader] = stream;
        headers[VersionHeader] = version.ToString(CultureInfo.InvariantCulture);
        return headers;
    }

    /// <summary>Where it belongs; false if it is no event.</summary>
    public static bool TryReadPlace(IReadOnlyDictionary<string, string> headers, [NotNullWhen(true)] out string? stream, out long version)
    {
        version = 0;
        return headers.TryGetValue(StreamHeader, out stream)
            && headers.TryGetValue(VersionHeader, out var text)
            && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out version);
    }

    /// <summary>The event, or null if it is none.</summary>
    /// <param name="headers">The headers.</param>
    /// <param name="data">The payload.</param>
    /// <param name="position">Its place in the log.</param>
    /// <exception cref="UnreadableEventException">It is one that this code cannot read.</exception>
    public static StoredEvent? Read(IReadOnlyDictionary<string, string> headers, ReadOnlyMemory<byte> data, string position)
    {
        if (!TryReadPlace(headers, out var stream, out var version))
        {
            return null;
        }

        return EnvelopeHeaders.TryRead(headers, data, out var envelope, out var problem)
            ? new(stream, version, envelope.Id, EventSerializer.Read(envelope.Type, data.Span, envelope.Time), envelope.Time, position)
            : throw new UnreadableEventException($"event {version} of {stream}: {problem}");
    }
}
