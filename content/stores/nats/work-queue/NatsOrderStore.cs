namespace Acme._1.Consumer.Stores;

internal sealed class NatsOrderStore(NatsEffects effects, NatsTransaction transaction) : IOrderStore
{
    public async Task<OrderStatus?> FindAsync(string orderId, CancellationToken cancellationToken) =>
        await effects.FindAsync(orderId.ToKey(), cancellationToken) is { Effects: [.., var last] all }
            ? new(orderId, "processed", all.Count, last.Attempt)
            : null;

    public Task AddEffectAsync(string orderId, int attempt, CancellationToken cancellationToken)
    {
        transaction.AddEffect(orderId.ToKey(), attempt);
        return Task.CompletedTask;
    }
}
