namespace Acme._1.Tests;

internal sealed partial class Wire
{
    public WireMessage Encode(string? type, string? messageId, ReadOnlyMemory<byte> payload, string? subject = null) =>
        CloudEventsEncoding.Encode(type, messageId, payload, subject);
}
