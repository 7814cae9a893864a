using System.Globalization;
using System.Text;
using RabbitMQ.Client;

namespace Acme._1.Messaging.RabbitMq;

/// <summary>Between AMQP's typed headers and ours, which are strings.</summary>
internal static class RabbitMqHeaders
{
    /// <summary>What RabbitMQ counts in a quorum queue: deliveries that were never settled.</summary>
    public const string DeliveryCount = "x-delivery-count";

    private static readonly Dictionary<string, object?> NoHeaders = [];

    public static BasicProperties Write(Envelope envelope)
    {
        // With room for the number that the client adds, to know the confirmation by.
        var headers = new Dictionary<string, object?>(8);
        EnvelopeHeaders.Write(envelope, headers, static (headers, name, value) => headers[name] = value);
        return new()
        {
            Headers = headers,
            MessageId = envelope.Id,
            Type = envelope.Type,
            Timestamp = new AmqpTimestamp(envelope.Time.ToUnixTimeSeconds()),
            ContentType = "application/json",
            DeliveryMode = DeliveryModes.Persistent,
        };
    }

    public static Dictionary<string, string> Read(IReadOnlyBasicProperties properties)
    {
        var headers = new Dictionary<string, string>(properties.Headers?.Count ?? 0);
        foreach (var (name, value) in properties.Headers ?? NoHeaders)
        {
            if (ToText(value) is { } text)
            {
                headers[name] = text;
            }
        }

        // The address of a requester stands where RabbitMQ itself looks for it.
        if (properties.ReplyTo is { Length: > 0 } replyTo)
        {
            headers[HeaderNames.ReplyTo] = replyTo;
        }

        return headers;
    }

    /// <summary>The properties for a copy of this message, with a new failure history.</summary>
    public static BasicProperties Copy(IReadOnlyBasicProperties original, FailureHistory? failures)
    {
        var copy = new BasicProperties(original)
        {
            DeliveryMode = DeliveryModes.Persistent,
            Headers = new Dictionary<string, object?>(original.Headers ?? new Dictionary<string, object?>()),
        };
        copy.ClearExpiration();

        // RabbitMQ takes a user name only from that user, and closes the connection of anybody else.
        copy.ClearUserId();

        // What RabbitMQ noted about the original would mislead it about the copy: it drops a message whose x-death says
        // that it goes in circles, and that is just what a retry does. And it would send the copy to other queues that the sender named.
        foreach (var name in copy.Headers.Keys.Where(name => IsNoteOfTheBroker(name) || name is "CC" or "BCC").ToList())
        {
            copy.Headers.Remove(name);
        }

        if (failures is not null)
        {
            var headers = new Dictionary<string, string>();
            (failures with { Reason = HeaderFrame.Shorten(failures.Reason) }).Write(headers);
            foreach (var (name, value) in headers)
            {
                copy.Headers[name] = value;
            }

            HeaderFrame.Fit(copy.Headers);
        }

        return copy;
    }

    public static int ReadDeliveryCount(IReadOnlyBasicProperties properties) =>
        // At the first delivery there is none of RabbitMQ's, and what stands there comes from the sender.
        properties.Headers?.TryGetValue(DeliveryCount, out var count) == true
        && int.TryParse(ToText(count), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : 0;

    /// <summary>When and why RabbitMQ itself dead-lettered the message, or null if it did not.</summary>
    public static (DateTimeOffset Time, string? Reason)? FindDeath(IReadOnlyBasicProperties properties) =>
        properties.Headers?.TryGetValue("x-death", out var deaths) == true
        && deaths is IList<object?> { Count: > 0 } list
        && list[0] is IDictionary<string, object?> latest
        && latest.TryGetValue("time", out var time)
        && time is AmqpTimestamp timestamp
            ? (DateTimeOffset.FromUnixTimeSeconds(timestamp.UnixTime), ToText(latest.TryGetValue("reason", out var reason) ? reason : null))
            : null;

    private static bool IsNoteOfTheBroker(string name) =>
        name is "x-death" or DeliveryCount or Constants.PublishSequenceNumberHeader
        || name.StartsWith("x-first-death-", StringComparison.Ordinal)
        || name.StartsWith("x-last-death-", StringComparison.Ordinal);

    private static string? ToText(object? value) => value switch
    {
        byte[] bytes => Encoding.UTF8.GetString(bytes),
        string or bool or byte or sbyte or short or ushort or int or uint or long or float or double or decimal =>
            Convert.ToString(value, CultureInfo.InvariantCulture),
        _ => null, // tables, lists and timestamps: none of ours
    };
}
