using Acme._1.Contracts;
using MassTransit;

namespace Acme._1.Tests;

/// <summary>What MassTransit calls a message type, for types that do not exist, too.</summary>
internal static class MessageUrns
{
    /// <summary><c>acme-1.order.placed.v9</c>, which nobody knows, is the OrderPlaced in namespace V9.</summary>
    public static string Of(string type)
    {
        if (MessageTypes.Find(type) is { } known)
        {
            return MessageUrn.ForTypeString(known.Json.Type);
        }

        var words = type.Split('.')[1..].Select(word => string.Concat(word[..1].ToUpperInvariant(), word.AsSpan(1))).ToArray();
        var contracts = typeof(MessageTypes).Namespace;
        return $"{MessageUrn.Prefix}{contracts}.{words[^1]}:{string.Concat(words[..^1])}";
    }
}
