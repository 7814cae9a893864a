using System.Globalization;
using Acme._1.Messaging;

namespace Acme._1.Tests;

internal static class CloudEventsEncoding
{
    public static WireMessage Encode(string? type, string? messageId, ReadOnlyMemory<byte> payload, string? subject)
    {
        var headers = new Dictionary<string, string>
        {
            [HeaderNames.SpecVersion] = "1.0",
            [HeaderNames.Source] = "/tests",
            [HeaderNames.Time] = DateTimeOffset.UtcNow.ToString("O", CultureInfo.InvariantCulture),
        };

        if (messageId is not null)
        {
            headers[HeaderNames.Id] = messageId;
        }

        if (type is not null)
        {
            headers[HeaderNames.Type] = type;
        }

        if (subject is not null)
        {
            headers[HeaderNames.Subject] = subject;
        }

        return new(headers, payload.ToArray(), subject);
    }
}
