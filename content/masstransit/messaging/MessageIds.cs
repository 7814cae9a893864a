using System.Security.Cryptography;
using System.Text;
using MassTransit;

namespace Acme._1.Messaging;

/// <summary>
/// A message id is whatever its sender chose (a client's idempotency key, for one), and that is what operators see and
/// what the inbox goes by. MassTransit's <see cref="MessageContext.MessageId"/> can only hold a <see cref="Guid"/>,
/// so the id travels in a header, and the Guid is made from it: the same id always gives the same Guid.
/// </summary>
public static class MessageIds
{
    public static void SetMessageId(this SendContext context, string messageId)
    {
        context.Headers.Set(HeaderNames.MessageId, messageId);
        context.MessageId = ToGuid(messageId);
    }

    /// <summary>
    /// For messages that a consumer or a state machine publishes: MassTransit gives them the headers of the message that is being
    /// handled, and so its id. A header that is not that of the message's own Guid was inherited.
    /// </summary>
    internal static void EnsureOwnMessageId(this SendContext context)
    {
        if (context.MessageId is { } own && context.Headers.Get<string>(HeaderNames.MessageId) is { } id && ToGuid(id) != own)
        {
            context.Headers.Set(HeaderNames.MessageId, own.ToString());
        }
    }

    /// <summary>The id as its sender chose it, or the Guid if the sender is a MassTransit service that sets no header.</summary>
    /// <exception cref="PermanentFailureException">The message has no id.</exception>
    public static string GetMessageId(this ConsumeContext context) =>
        context.ReceiveContext.FindMessageIdHeader()
        ?? context.MessageId?.ToString()
        ?? throw new PermanentFailureException("malformed message: it has no message id");

    /// <summary>The same for a message that could not be read, perhaps: null if it has no id.</summary>
    internal static string? FindMessageId(this ReceiveContext context) =>
        context.FindMessageIdHeader() ?? MessageEnvelope.Read(context).MessageId;

    private static string? FindMessageIdHeader(this ReceiveContext context) =>
        context.TransportHeaders.Get<string>(HeaderNames.MessageId) is { Length: > 0 } id ? id : null;

    /// <summary>The Guid for this text, always the same: the one it says, if it is one.</summary>
    public static Guid ToGuid(string text)
    {
        if (Guid.TryParse(text, out var guid))
        {
            return guid;
        }

        // A name-based UUID in the sense of RFC 9562: version 8, whose content is ours to define.
        var bytes = SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, 16);
        bytes[6] = (byte)((bytes[6] & 0x0f) | 0x80);
        bytes[8] = (byte)((bytes[8] & 0x3f) | 0x80);
        return new Guid(bytes, bigEndian: true);
    }
}
