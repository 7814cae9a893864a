using Acme._1.Contracts.V2;

namespace Acme._1.Consumer;

/// <summary>Counts orders. What the e-mails do, or fail to do, is none of its business.</summary>
public sealed class OrderAnalytics(IOrderLog log)
{
    public Task CountAsync(OrderPlaced order, int attempt, CancellationToken cancellationToken) =>
        log.AddEffectAsync(Subscriptions.Analytics, order.OrderId, attempt, cancellationToken);
}
