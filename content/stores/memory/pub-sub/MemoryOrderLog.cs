namespace Acme._1.Consumer.Stores;

internal sealed class MemoryOrderLog(MemoryOrderLogEntries entries, MemoryInbox inbox, MemoryTransaction transaction) : IOrderLog
{
    public Task<OrderStatus?> FindAsync(string subscriber, string orderId, CancellationToken cancellationToken) =>
        Task.FromResult(inbox.Read(() => entries.GetValueOrDefault((subscriber, orderId))));

    public Task AddEffectAsync(string subscriber, string orderId, int attempt, CancellationToken cancellationToken)
    {
        transaction.OnCommit(() =>
        {
            var effectsBefore = entries.TryGetValue((subscriber, orderId), out var order) ? order.Effects : 0;
            entries[(subscriber, orderId)] = new(orderId, "processed", effectsBefore + 1, attempt);
        });
        return Task.CompletedTask;
    }
}

/// <summary>Guarded by the inbox's lock.</summary>
internal sealed class MemoryOrderLogEntries : Dictionary<(string Subscriber, string OrderId), OrderStatus>;
