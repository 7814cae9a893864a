using System.Globalization;
using System.Net.Mime;
using MassTransit;
using MassTransit.Serialization;

namespace Acme._1.Messaging.InMemory;

/// <summary>Sends bytes and headers as they are, where MassTransit would serialize a message.</summary>
public static class RawMessages
{
    private static readonly ContentType Json = new("application/vnd.masstransit+json");

    public static Uri QueueAddress(string queue) => new($"queue:{queue}");

    public static Uri TopicAddress(string topic) => new($"topic:{topic}?type=Topic");

    public static async Task SendRawAsync(
        this ISendEndpointProvider endpoints,
        Uri address,
        ReadOnlyMemory<byte> body,
        IReadOnlyDictionary<string, string> headers,
        TimeSpan? delay = null,
        string? subject = null,
        CancellationToken cancellationToken = default)
    {
        var endpoint = await endpoints.GetSendEndpoint(address);
        await endpoint.Send(
            new RawMessage(),
            context =>
            {
                context.Serializer = new CopyBodySerializer(Json, new BytesMessageBody(body.ToArray()));
                context.Delay = delay;
                context.SetRoutingKey(subject);
                if (headers.TryGetValue(HeaderNames.MessageId, out var messageId))
                {
                    context.MessageId = MessageIds.ToGuid(messageId);
                }

                foreach (var (name, value) in headers)
                {
                    context.Headers.Set(name, value);
                }
            },
            cancellationToken);
    }

    /// <summary>The headers of a message, without those that the transport sets on each copy anew.</summary>
    internal static Dictionary<string, string> ReadHeaders(ReceiveContext message)
    {
        var headers = new Dictionary<string, string>();
        foreach (var (name, value) in message.TransportHeaders.GetAll())
        {
            if (name is not (MessageHeaders.MessageId or MessageHeaders.ContentType)
                && Convert.ToString(value, CultureInfo.InvariantCulture) is { } text)
            {
                headers[name] = text;
            }
        }

        return headers;
    }

    /// <summary>Stands for the message where the API asks for one.</summary>
    private sealed record RawMessage;
}
