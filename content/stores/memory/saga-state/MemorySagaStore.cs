namespace Acme._1.Consumer.Stores;

/// <summary>Lives as long as the scope of the message: the lock is held until what was written under it is committed.</summary>
internal sealed class MemorySagaStore(MemorySagas sagas, MemoryInbox inbox, MemoryTransaction transaction, MemoryLocks locks, TimeProvider clock)
    : ISagaStore, IDisposable
{
    private IDisposable? _lock;

    public Task<OrderSagaState?> FindAsync(string orderId, CancellationToken cancellationToken) =>
        Task.FromResult(inbox.Read(() => sagas.ById.GetValueOrDefault(orderId)));

    public async Task<OrderSagaState?> LoadAsync(string orderId, CancellationToken cancellationToken)
    {
        _lock ??= await locks.TakeAsync($"saga/{orderId}", cancellationToken);
        return await FindAsync(orderId, cancellationToken);
    }

    public Task SaveAsync(OrderSagaState state, CancellationToken cancellationToken)
    {
        transaction.OnCommit(() => sagas.Set(state));
        return Task.CompletedTask;
    }

    public Task<IReadOnlyList<OrderSagaState>> ClaimDueAsync(int take, DateTimeOffset until, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        return Task.FromResult<IReadOnlyList<OrderSagaState>>(inbox.Read(() =>
        {
            var due = sagas.Waiting.Where(waiting => waiting.Value <= now).OrderBy(waiting => waiting.Value).Take(take).ToArray();
            foreach (var (orderId, _) in due)
            {
                sagas.Waiting[orderId] = until;
            }

            return due.Select(waiting => sagas.ById[waiting.Key]).ToArray();
        }));
    }

    public Task PostponeAsync(
        IReadOnlyCollection<string> orderIds, DateTimeOffset claimedUntil, DateTimeOffset until, CancellationToken cancellationToken) =>
        inbox.Read(() =>
        {
            foreach (var orderId in orderIds.Where(orderId => sagas.Waiting.GetValueOrDefault(orderId) == claimedUntil))
            {
                sagas.Waiting[orderId] = until;
            }

            return Task.CompletedTask;
        });

    public Task<IReadOnlyList<OrderSagaState>> ListParkedAsync(int take, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<OrderSagaState>>(inbox.Read(() =>
            sagas.Parked.Select(orderId => sagas.ById[orderId]).OrderBy(saga => saga.ParkedAt).Take(take).ToArray()));

    public void Dispose() => _lock?.Dispose();
}

/// <summary>The sagas, and which of them wait for something. Guarded by the inbox's lock.</summary>
internal sealed class MemorySagas
{
    public Dictionary<string, OrderSagaState> ById { get; } = [];

    /// <summary>Until when each waits.</summary>
    public Dictionary<string, DateTimeOffset> Waiting { get; } = [];

    public HashSet<string> Parked { get; } = [];

    public void Set(OrderSagaState saga)
    {
        ById[saga.OrderId] = saga;
        if (saga.DueAt is { } dueAt)
        {
            Waiting[saga.OrderId] = dueAt;
        }
        else
        {
            Waiting.Remove(saga.OrderId);
        }

        if (saga.ParkedAt is not null)
        {
            Parked.Add(saga.OrderId);
        }
        else
        {
            Parked.Remove(saga.OrderId);
        }
    }
}
