namespace Acme._1.EventStore;

/// <summary>
/// Keeps the state that the events of a stream had led to at some version, so that not all of them need to be read each time.
/// It is a cache: all snapshots may be deleted at any time, and nothing changes but the time that reading takes.
/// </summary>
public interface ISnapshotStore
{
    /// <summary>The newest snapshot of this stream, or null.</summary>
    Task<Snapshot?> FindAsync(string stream, CancellationToken cancellationToken);

    /// <summary>Keeps it, in place of the one before. One that is older (by its version) than what is there may be dropped or kept: both are right.</summary>
    Task SaveAsync(Snapshot snapshot, CancellationToken cancellationToken);

    /// <summary>Forgets the snapshot of this stream, if there is one.</summary>
    Task DeleteAsync(string stream, CancellationToken cancellationToken);
}

/// <param name="Stream">The stream.</param>
/// <param name="Version">The version of the last event in it.</param>
/// <param name="SchemaVersion">
/// Which code wrote the state. Code that has another one ignores it and reads the events: a snapshot is never converted.
/// </param>
/// <param name="State">The state, as the code that owns it has written it.</param>
public sealed record Snapshot(string Stream, long Version, int SchemaVersion, ReadOnlyMemory<byte> State);
