using Acme._1.Contracts.V2;
using Acme._1.Messaging;
using OrderProcessed = Acme._1.Contracts.V1.OrderProcessed;

namespace Acme._1.Consumer;

/// <summary>
/// What processing an order means. It knows nothing of queues, retries or acknowledgements: it does its work in the
/// current transaction, and throws if it cannot.
/// </summary>
public sealed class OrderProcessor(IOrderStore orders, IOutbox outbox, TimeProvider clock)
{
    /// <exception cref="OrderRejectedException">The order makes no sense, and never will.</exception>
    public async Task ProcessAsync(OrderPlaced order, int attempt, CancellationToken cancellationToken)
    {
        if (order.Quantity < 1)
        {
            throw new OrderRejectedException($"Order {order.OrderId} is for {order.Quantity} pieces.");
        }

        await orders.AddEffectAsync(order.OrderId, attempt, cancellationToken);
        outbox.Add(new OrderProcessed(order.OrderId, order.Sku, order.Quantity, clock.GetUtcNow()));
    }
}

/// <summary>An order that no retry can save.</summary>
public sealed class OrderRejectedException(string message) : Exception(message);
