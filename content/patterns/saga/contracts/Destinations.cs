namespace Acme._1.Contracts;

/// <summary>
/// The names on the broker, stated once. A queue <c>acme-1.orders</c> has its retries in <c>acme-1.orders.retry.N</c>
/// and its dead letters in a queue of its own.
/// </summary>
public static class Destinations
{
    /// <summary>New orders. Each starts a saga.</summary>
    public static readonly Destination Orders = new("acme-1.orders", DestinationKind.Queue);

    /// <summary>What the sagas wait for. A queue of its own, so that sagas under way finish however many new orders wait.</summary>
    public static readonly Destination Replies = new("acme-1.orders.replies", DestinationKind.Queue);

    /// <summary>The commands of each participant, which could be a service of its own.</summary>
    public static readonly Destination Stock = new("acme-1.stock", DestinationKind.Queue);

    /// <inheritdoc cref="Stock"/>
    public static readonly Destination Payments = new("acme-1.payments", DestinationKind.Queue);

    /// <inheritdoc cref="Stock"/>
    public static readonly Destination Shipping = new("acme-1.shipping", DestinationKind.Queue);

    /// <summary>News: each message goes to everyone who subscribed, which may be nobody.</summary>
    public static readonly Destination OrdersCompleted = new("acme-1.orders.completed", DestinationKind.Topic);

    /// <inheritdoc cref="OrdersCompleted"/>
    public static readonly Destination OrdersCompensated = new("acme-1.orders.compensated", DestinationKind.Topic);
}

public enum DestinationKind
{
    /// <summary>Work to do: each message goes to one consumer, and waits until there is one.</summary>
    Queue,

    /// <summary>News: each message goes to everyone who subscribed, which may be nobody.</summary>
    Topic,
}

public sealed record Destination(string Name, DestinationKind Kind);
