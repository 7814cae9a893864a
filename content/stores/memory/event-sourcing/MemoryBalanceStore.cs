namespace Acme._1.Consumer.Stores;

internal sealed class MemoryBalanceStore(MemoryBalances balances, MemoryInbox inbox, MemoryTransaction transaction, TimeProvider clock) : IBalanceStore
{
    public Task<Balance?> FindAsync(string accountId, CancellationToken cancellationToken) =>
        Task.FromResult(inbox.Read(() => balances.Find(balances.State.Generation, accountId)));

    public Task<Balance?> FindAsync(long generation, string accountId, CancellationToken cancellationToken) =>
        Task.FromResult(inbox.Read(() => balances.Find(generation, accountId)));

    public Task<IReadOnlyDictionary<string, Balance>> FindAsync(
        long generation, IReadOnlyCollection<string> accountIds, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyDictionary<string, Balance>>(inbox.Read(() =>
            accountIds.Select(id => balances.Find(generation, id)).OfType<Balance>().ToDictionary(balance => balance.Id)));

    public Task SetAsync(long generation, Balance balance, CancellationToken cancellationToken)
    {
        transaction.OnCommit(() => balances.Set(generation, balance));
        return Task.CompletedTask;
    }

    public Task<ProjectionState> GetStateAsync(CancellationToken cancellationToken) => Task.FromResult(inbox.Read(() => balances.State));

    public Task<ProjectionState> StartRebuildAsync(CancellationToken cancellationToken) => Task.FromResult(inbox.Read(() =>
        balances.State.Rebuild is null
            ? balances.State = balances.State with { Rebuild = new(balances.State.Generation + 1, Position: null, Events: 0, clock.GetUtcNow()) }
            : balances.State));

    public Task<bool> SaveProgressAsync(Rebuild before, Rebuild after, IReadOnlyCollection<Balance> rows, CancellationToken cancellationToken) =>
        Task.FromResult(inbox.Read(() =>
        {
            if (balances.State.Rebuild != before)
            {
                return false;
            }

            foreach (var row in rows)
            {
                balances.Set(after.Generation, row);
            }

            balances.State = balances.State with { Rebuild = after };
            return true;
        }));

    public Task FinishRebuildAsync(Rebuild rebuild, CancellationToken cancellationToken)
    {
        inbox.Read(() =>
        {
            if (balances.State.Rebuild == rebuild)
            {
                balances.Serve(rebuild.Generation);
            }

            return balances.State;
        });
        return Task.CompletedTask;
    }
}

/// <summary>Guarded by the inbox's lock.</summary>
internal sealed class MemoryBalances
{
    private readonly Dictionary<(long Generation, string AccountId), Balance> _rows = [];

    public ProjectionState State { get; set; } = new(Generation: 0, Rebuild: null);

    public Balance? Find(long generation, string accountId) => _rows.GetValueOrDefault((generation, accountId));

    public void Set(long generation, Balance balance)
    {
        if (Find(generation, balance.Id) is not { } before || before.Version < balance.Version)
        {
            _rows[(generation, balance.Id)] = balance;
        }
    }

    public void Serve(long generation)
    {
        State = new(generation, Rebuild: null);
        foreach (var old in _rows.Keys.Where(key => key.Generation != generation).ToList())
        {
            _rows.Remove(old);
        }
    }
}
