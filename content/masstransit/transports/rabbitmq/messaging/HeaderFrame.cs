using System.Collections;
using System.Text;

namespace Acme._1.Messaging.RabbitMq;

/// <summary>
/// AMQP has room for a message's headers in one frame, and RabbitMQ closes the connection of whoever sends more. A message
/// may come with so many that those of its failure do not fit in beside them.
/// </summary>
internal static class HeaderFrame
{
    /// <summary>What a reason, or a stack trace, may take: enough for a person to understand.</summary>
    public const int MaxTextLength = 4 * 1024;

    /// <summary>A frame is 128 KiB unless the server was told otherwise; the rest is for the other properties.</summary>
    private const int MaxBytes = 112 * 1024;

    /// <summary>Removes headers until the others fit, the largest first: no header of ours is large.</summary>
    public static void Fit(IDictionary<string, object?> headers)
    {
        var size = headers.Sum(header => SizeOf(header.Key) + SizeOf(header.Value));
        foreach (var (name, value) in headers.OrderByDescending(header => SizeOf(header.Value)).ToList())
        {
            if (size <= MaxBytes)
            {
                return;
            }

            headers.Remove(name);
            size -= SizeOf(name) + SizeOf(value);
        }
    }

    /// <summary>The text, or its beginning.</summary>
    public static string Shorten(string text) => text.Length <= MaxTextLength ? text : $"{text.AsSpan(0, MaxTextLength)} …";

    private static int SizeOf(object? value) => value switch
    {
        byte[] bytes => bytes.Length,
        string text => Encoding.UTF8.GetByteCount(text),
        IDictionary<string, object?> table => table.Sum(entry => SizeOf(entry.Key) + SizeOf(entry.Value)),
        IList list => list.Cast<object?>().Sum(SizeOf),
        _ => 16, // a number, a time or nothing
    };
}
