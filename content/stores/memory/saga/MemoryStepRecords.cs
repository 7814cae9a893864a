namespace Acme._1.Consumer.Stores;

/// <summary>Lives as long as the scope of the message: the lock is held until what was written under it is committed.</summary>
internal sealed class MemoryStepRecords(MemoryStepRecordEntries entries, MemoryInbox inbox, MemoryTransaction transaction, MemoryLocks locks)
    : IStepRecords, IDisposable
{
    private IDisposable? _lock;

    public Task<IReadOnlyList<StepRecord>> FindAllAsync(string orderId, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<StepRecord>>(inbox.Read(() =>
            entries.GetValueOrDefault(orderId)?.Values.OrderBy(record => record.ChangedAt).ToArray() ?? []));

    public async Task<StepRecord?> LoadAsync(string participant, string orderId, CancellationToken cancellationToken)
    {
        _lock ??= await locks.TakeAsync($"{participant}/{orderId}", cancellationToken);
        return inbox.Read(() => entries.GetValueOrDefault(orderId)?.GetValueOrDefault(participant));
    }

    public Task SaveAsync(StepRecord record, CancellationToken cancellationToken)
    {
        transaction.OnCommit(() =>
        {
            if (!entries.TryGetValue(record.OrderId, out var ofOrder))
            {
                entries[record.OrderId] = ofOrder = [];
            }

            ofOrder[record.Participant] = record;
        });
        return Task.CompletedTask;
    }

    public void Dispose() => _lock?.Dispose();
}

/// <summary>The records by order and participant. Guarded by the inbox's lock.</summary>
internal sealed class MemoryStepRecordEntries : Dictionary<string, Dictionary<string, StepRecord>>;
