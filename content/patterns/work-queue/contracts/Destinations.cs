namespace Acme._1.Contracts;

/// <summary>
/// The names on the broker, stated once. A queue <c>acme-1.orders</c> has its retries in <c>acme-1.orders.retry.N</c>
/// and its dead letters in a queue of its own.
/// </summary>
public static class Destinations
{
    /// <summary>Work to do: each message goes to one consumer, and waits until there is one.</summary>
    public static readonly Destination Orders = new("acme-1.orders", DestinationKind.Queue);

    /// <summary>News: each message goes to everyone who subscribed, which may be nobody.</summary>
    public static readonly Destination OrdersProcessed = new("acme-1.orders.processed", DestinationKind.Topic);
}

public enum DestinationKind
{
    Queue,
    Topic,
}

public sealed record Destination(string Name, DestinationKind Kind);
