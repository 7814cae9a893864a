namespace Acme._1.Consumer;

/// <summary>The processed orders.</summary>
public interface IOrderStore
{
    /// <summary>The order as committed, or null.</summary>
    Task<OrderStatus?> FindAsync(string orderId, CancellationToken cancellationToken);

    /// <summary>
    /// Adds one effect to the order, in the transaction of the message that is being handled.
    /// </summary>
    /// <param name="orderId">The order.</param>
    /// <param name="attempt">The attempt that did it.</param>
    /// <param name="cancellationToken">Cancelled when the handler has taken too long.</param>
    Task AddEffectAsync(string orderId, int attempt, CancellationToken cancellationToken);
}

/// <param name="OrderId">The order.</param>
/// <param name="Status"><c>processed</c>; an order that is not processed yet is not found.</param>
/// <param name="Effects">How often it was processed. More than once would be a bug.</param>
/// <param name="Attempts">How many attempts that took.</param>
public sealed record OrderStatus(string OrderId, string Status, int Effects, int Attempts);
