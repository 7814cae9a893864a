using System.Globalization;
using System.Text;
using RabbitMQ.Client;

namespace Acme._1.Messaging.RabbitMq;

/// <summary>Between AMQP's typed headers and ours, which are strings.</summary>
internal static class RabbitMqMessages
{
    public static Dictionary<string, string> ReadHeaders(IReadOnlyBasicProperties properties)
    {
        var headers = new Dictionary<string, string>(properties.Headers?.Count ?? 0);
        foreach (var (name, value) in properties.Headers ?? new Dictionary<string, object?>())
        {
            if (ToText(value) is { } text)
            {
                headers[name] = text;
            }
        }

        return headers;
    }

    /// <summary>The properties for a copy of this message, with a new failure history.</summary>
    public static BasicProperties Copy(IReadOnlyBasicProperties original, FailureHistory failures) =>
        Copy(original, failures.ToHeaders().Select(header => KeyValuePair.Create(header.Key, (object)header.Value)));

    /// <summary>The properties for a copy of this message, with more headers.</summary>
    public static BasicProperties Copy(IReadOnlyBasicProperties original, IEnumerable<KeyValuePair<string, object>> headers)
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

        foreach (var (name, value) in headers)
        {
            copy.Headers[name] = value is string text ? HeaderFrame.Shorten(text) : value;
        }

        HeaderFrame.Fit(copy.Headers);
        return copy;
    }

    /// <summary>When RabbitMQ itself moved the message out of this queue because of its delivery limit, or null.</summary>
    public static DateTimeOffset? TimeOfDeathIn(string queue, IReadOnlyBasicProperties properties) =>
        properties.Headers?.TryGetValue("x-death", out var deaths) == true
        && deaths is IList<object?> { Count: > 0 } list
        && list[0] is IDictionary<string, object?> latest
        && TextOf(latest, "queue") == queue
        && TextOf(latest, "reason") == "delivery_limit"
        && latest.TryGetValue("time", out var time)
        && time is AmqpTimestamp timestamp
            ? DateTimeOffset.FromUnixTimeSeconds(timestamp.UnixTime)
            : null;

    private static bool IsNoteOfTheBroker(string name) =>
        name is "x-death" or "x-delivery-count" or Constants.PublishSequenceNumberHeader
        || name.StartsWith("x-first-death-", StringComparison.Ordinal)
        || name.StartsWith("x-last-death-", StringComparison.Ordinal);

    private static string? TextOf(IDictionary<string, object?> table, string name) =>
        table.TryGetValue(name, out var value) ? ToText(value) : null;

    private static string? ToText(object? value) => value switch
    {
        byte[] bytes => Encoding.UTF8.GetString(bytes),
        string or bool or byte or sbyte or short or ushort or int or uint or long or float or double or decimal =>
            Convert.ToString(value, CultureInfo.InvariantCulture),
        _ => null, // tables, lists and timestamps: none of ours
    };
}
