using System.Globalization;
using System.Text.RegularExpressions;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace Acme._1.Messaging.RabbitMq;

/// <summary>
/// What RabbitMQ says when a message exceeds its <c>max_message_size</c>: it closes the channel, and with it whatever else
/// was being published there. The sizes in the text tell whose fault it was.
/// </summary>
internal static partial class OversizedMessage
{
    /// <summary>The error for the message of this size, or null if the channel was closed for another reason.</summary>
    public static MessageTooLargeException? Find(Exception exception, long size) =>
        Read(exception) is { } refused && refused.Size == size ? new MessageTooLargeException(refused.Size, refused.Limit) : null;

    /// <summary>Whether the channel was closed because of a message that was too large, whichever it was.</summary>
    public static bool ClosedTheChannel(Exception exception) => Read(exception) is not null;

    private static (int Size, int Limit)? Read(Exception? exception)
    {
        while (exception is not null and not OperationInterruptedException)
        {
            exception = exception.InnerException;
        }

        return exception is OperationInterruptedException { ShutdownReason: { ReplyCode: Constants.PreconditionFailed } reason }
            && Sizes.Match(reason.ReplyText) is { Success: true } match
                ? (int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture), int.Parse(match.Groups[2].Value, CultureInfo.InvariantCulture))
                : null;
    }

    [GeneratedRegex(@"message size (\d+) is larger than (?:configured )?max size (\d+)")]
    private static partial Regex Sizes { get; }
}
