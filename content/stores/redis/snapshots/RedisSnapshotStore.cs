using Acme._1.Messaging.Redis;
using StackExchange.Redis;

namespace Acme._1.EventStore;

/// <summary>A hash for each stream. They need no hash tag: no script touches two of them.</summary>
internal sealed class RedisSnapshotStore(IRedisConnection connection) : ISnapshotStore
{
    private static readonly RedisValue Version = "version";
    private static readonly RedisValue SchemaVersion = "schema";
    private static readonly RedisValue State = "state";

    public async Task<Snapshot?> FindAsync(string stream, CancellationToken cancellationToken)
    {
        var fields = await connection.RunAsync(
            database => database.HashGetAsync(KeyOf(stream), [Version, SchemaVersion, State]), cancellationToken);

        // Whatever else the key may hold: it is a cache, and the events say the same.
        return fields[0].TryParse(out long version) && fields[1].TryParse(out int schemaVersion) && !fields[2].IsNull
            ? new(stream, version, schemaVersion, (ReadOnlyMemory<byte>)fields[2])
            : null;
    }

    public Task SaveAsync(Snapshot snapshot, CancellationToken cancellationToken) => connection.RunAsync(
        async database =>
        {
            await database.HashSetAsync(
                KeyOf(snapshot.Stream),
                [new(Version, snapshot.Version), new(SchemaVersion, snapshot.SchemaVersion), new(State, snapshot.State)]);
            return true;
        },
        cancellationToken);

    public Task DeleteAsync(string stream, CancellationToken cancellationToken) =>
        connection.RunAsync(database => database.KeyDeleteAsync(KeyOf(stream)), cancellationToken);

    private static RedisKey KeyOf(string stream) => $"acme-1.snapshot:{stream}";
}
