using System.Collections.Concurrent;

namespace Acme._1.EventStore;

/// <summary>Snapshots in this process's memory. After a restart they come again with the accounts that are used.</summary>
internal sealed class MemorySnapshotStore : ISnapshotStore
{
    private readonly ConcurrentDictionary<string, Snapshot> _snapshots = new();

    public Task<Snapshot?> FindAsync(string stream, CancellationToken cancellationToken) =>
        Task.FromResult(_snapshots.GetValueOrDefault(stream));

    public Task SaveAsync(Snapshot snapshot, CancellationToken cancellationToken)
    {
        _snapshots[snapshot.Stream] = snapshot;
        return Task.CompletedTask;
    }

    public Task DeleteAsync(string stream, CancellationToken cancellationToken)
    {
        _snapshots.TryRemove(stream, out _);
        return Task.CompletedTask;
    }
}
