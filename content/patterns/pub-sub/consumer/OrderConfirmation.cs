using Acme._1.Contracts.V2;
using Acme._1.Messaging;
using EmailSent = Acme._1.Contracts.V1.EmailSent;

namespace Acme._1.Consumer;

/// <summary>
/// Confirms an order to the customer. It knows nothing of queues, retries or acknowledgements: it does its work in the
/// current transaction, and throws if it cannot.
/// </summary>
public sealed class OrderConfirmation(IOrderLog log, IOutbox outbox, TimeProvider clock)
{
    /// <exception cref="OrderRejectedException">The order makes no sense, and never will.</exception>
    public async Task ConfirmAsync(OrderPlaced order, int attempt, CancellationToken cancellationToken)
    {
        if (order.Quantity < 1)
        {
            throw new OrderRejectedException($"Order {order.OrderId} is for {order.Quantity} pieces.");
        }

        await log.AddEffectAsync(Subscriptions.Emails, order.OrderId, attempt, cancellationToken);
        outbox.Add(new EmailSent(order.OrderId, clock.GetUtcNow()));
    }
}

/// <summary>An order that no retry can save.</summary>
public sealed class OrderRejectedException(string message) : Exception(message);
