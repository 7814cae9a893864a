namespace Acme._1.Consumer.Stores;

internal sealed class NatsSagaStore(
    NatsSagaDocuments documents, NatsWaitingSagas waiting, NatsSagaTransaction transaction, TimeProvider clock) : ISagaStore
{
    public async Task<OrderSagaState?> FindAsync(string orderId, CancellationToken cancellationToken) =>
        (await documents.FindAsync(NatsSagaDocuments.Sagas, orderId.ToKey(), cancellationToken)).Document.Saga;

    public async Task<OrderSagaState?> LoadAsync(string orderId, CancellationToken cancellationToken) =>
        (await transaction.LoadAsync(NatsSagaDocuments.Sagas, orderId.ToKey(), cancellationToken)).Saga;

    public Task SaveAsync(OrderSagaState state, CancellationToken cancellationToken)
    {
        transaction.Save(document => document with { Saga = state });
        return Task.CompletedTask;
    }

    public async Task<IReadOnlyList<OrderSagaState>> ClaimDueAsync(int take, DateTimeOffset until, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var due = new List<OrderSagaState>();
        foreach (var entry in waiting.ListDue(now, take))
        {
            // The entry says when to look; the saga says whether it is late.
            var saga = await documents.FindAsync(NatsSagaDocuments.Sagas, entry.Saga.OrderId.ToKey(), cancellationToken);
            if (saga.Document.Saga is not { } state || state.DueAt is null || state.DueAt > now)
            {
                await waiting.CorrectAsync(entry, saga, cancellationToken);
            }
            else if (await waiting.TryTakeAsync(entry, until, cancellationToken))
            {
                due.Add(state);
            }
        }

        return due;
    }

    public async Task PostponeAsync(
        IReadOnlyCollection<string> orderIds, DateTimeOffset claimedUntil, DateTimeOffset until, CancellationToken cancellationToken)
    {
        foreach (var entry in waiting.List(orderIds).Where(entry => entry.Saga.DueAt == claimedUntil))
        {
            await waiting.TryTakeAsync(entry, until, cancellationToken);
        }
    }

    public async Task<IReadOnlyList<OrderSagaState>> ListParkedAsync(int take, CancellationToken cancellationToken)
    {
        var parked = new List<OrderSagaState>();
        foreach (var entry in waiting.ListParked(take))
        {
            var saga = await documents.FindAsync(NatsSagaDocuments.Sagas, entry.Saga.OrderId.ToKey(), cancellationToken);
            if (saga.Document.Saga is { ParkedAt: not null } state)
            {
                parked.Add(state);
            }
            else
            {
                await waiting.CorrectAsync(entry, saga, cancellationToken);
            }
        }

        return parked;
    }
}
