namespace Acme._1.Consumer.Stores;

internal sealed class MemoryOrderStore(MemoryOrders orders, MemoryInbox inbox, MemoryTransaction transaction) : IOrderStore
{
    public Task<OrderStatus?> FindAsync(string orderId, CancellationToken cancellationToken) =>
        Task.FromResult(inbox.Read(() => orders.GetValueOrDefault(orderId)));

    public Task AddEffectAsync(string orderId, int attempt, CancellationToken cancellationToken)
    {
        transaction.OnCommit(() =>
        {
            var effectsBefore = orders.TryGetValue(orderId, out var order) ? order.Effects : 0;
            orders[orderId] = new(orderId, "processed", effectsBefore + 1, attempt);
        });
        return Task.CompletedTask;
    }
}

/// <summary>The processed orders by id. Guarded by the inbox's lock.</summary>
internal sealed class MemoryOrders : Dictionary<string, OrderStatus>;
