namespace Acme._1.Consumer.Stores;

internal sealed class NatsOrderLog(NatsEffects effects, NatsTransaction transaction) : IOrderLog
{
    public async Task<OrderStatus?> FindAsync(string subscriber, string orderId, CancellationToken cancellationToken) =>
        await effects.FindAsync(KeyOf(subscriber, orderId), cancellationToken) is { Effects: [.., var last] all }
            ? new(orderId, "processed", all.Count, last.Attempt)
            : null;

    public Task AddEffectAsync(string subscriber, string orderId, int attempt, CancellationToken cancellationToken)
    {
        transaction.AddEffect(KeyOf(subscriber, orderId), attempt);
        return Task.CompletedTask;
    }

    private static string KeyOf(string subscriber, string orderId) => $"{subscriber}.{orderId.ToKey()}";
}
