using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Acme._1.Messaging.Kafka;

/// <summary>Where a requester waits for its answers.</summary>
/// <param name="Partition">The partition of <see cref="KafkaTopology.Replies"/> that it reads.</param>
/// <param name="Instance">The key by which it knows those that are its own, for others may read the same partition.</param>
internal sealed record KafkaReplyAddress(int Partition, string Instance)
{
    private const string Prefix = KafkaTopology.Replies + "/";

    /// <summary>Reads what a request carries. It comes from outside, and is no reason to write to any other topic.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out KafkaReplyAddress? address)
    {
        address = null;
        if (text.StartsWith(Prefix, StringComparison.Ordinal)
            && text[Prefix.Length..].Split('/') is [var number, { Length: > 0 } instance]
            && int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var partition))
        {
            address = new(partition, instance);
        }

        return address is not null;
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Prefix}{Partition}/{Instance}");
}
