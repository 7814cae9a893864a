namespace Acme._1.Contracts;

/// <summary>
/// The names on the broker, stated once. Publishers know topics only; each subscriber has a queue of its own behind one,
/// with its own retries in <c>….retry.N</c> and its own dead letters.
/// </summary>
public static class Destinations
{
    /// <summary>Orders that were placed. The subject of each message is the region it was placed in.</summary>
    public static readonly Destination OrdersPlaced = new("acme-1.orders.placed", DestinationKind.Topic);

    /// <summary>Confirmations that went out.</summary>
    public static readonly Destination EmailsSent = new("acme-1.emails.sent", DestinationKind.Topic);
}

public enum DestinationKind
{
    /// <summary>Work to do: each message goes to one consumer, and waits until there is one.</summary>
    Queue,

    /// <summary>News: each message goes to everyone who subscribed, which may be nobody.</summary>
    Topic,
}

public sealed record Destination(string Name, DestinationKind Kind);
