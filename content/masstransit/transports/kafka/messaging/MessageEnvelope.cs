using Acme._1.Contracts;
using MassTransit;

namespace Acme._1.Messaging;

/// <summary>What a message's headers say about it. The rider has no envelope: the value of a record is the message and nothing else.</summary>
/// <param name="MessageId">MassTransit's message id, or null.</param>
/// <param name="Types">The URNs of its types; none if it did not say.</param>
internal sealed record MessageEnvelope(string? MessageId, IReadOnlyList<string> Types)
{
    /// <summary>The contract if it is one of ours.</summary>
    public MessageType? Contract => Types is [var urn, ..]
        ? MessageTypes.All.FirstOrDefault(type => MessageUrn.ForTypeString(type.Json.Type) == urn)
        : null;

    /// <summary>The contract's name of the message if it is one of ours, else what the sender called it, or null if it did not say.</summary>
    public string? Type => Contract?.Name ?? (Types is [var urn, ..] ? urn : null);

    public static MessageEnvelope Read(ReceiveContext message) =>
        Read(name => message.TransportHeaders.TryGetHeader(name, out var value) ? value as string : null);

    public static MessageEnvelope Read(Func<string, string?> header) => new(
        header(MessageHeaders.MessageId),
        header(MessageHeaders.MessageType)?.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) ?? []);
}
