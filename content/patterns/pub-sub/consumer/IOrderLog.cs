namespace Acme._1.Consumer;

/// <summary>What each subscriber has done about which order.</summary>
public interface IOrderLog
{
    /// <summary>What this subscriber has done about the order, as committed, or null.</summary>
    Task<OrderStatus?> FindAsync(string subscriber, string orderId, CancellationToken cancellationToken);

    /// <summary>Adds one effect, in the transaction of the message that is being handled.</summary>
    /// <param name="subscriber">Its queue.</param>
    /// <param name="orderId">The order.</param>
    /// <param name="attempt">The attempt that did it.</param>
    /// <param name="cancellationToken">Cancelled when the handler has taken too long.</param>
    Task AddEffectAsync(string subscriber, string orderId, int attempt, CancellationToken cancellationToken);
}

/// <param name="OrderId">The order.</param>
/// <param name="Status"><c>processed</c>; an order that is not processed yet is not found.</param>
/// <param name="Effects">How often the subscriber has handled it. More than once would be a bug.</param>
/// <param name="Attempts">How many attempts that took.</param>
public sealed record OrderStatus(string OrderId, string Status, int Effects, int Attempts);
