using NATS.Client.Core;
using NATS.Client.KeyValueStore;

namespace Acme._1.Consumer.Stores;

/// <summary>Compare and set, with what is expected as a result and what is not as an exception.</summary>
internal static class NatsKeyValueExtensions
{
    /// <summary>No key has this revision: what is written on top of it is written for the first time.</summary>
    public const ulong NoRevision = 0;

    /// <returns>Null and <see cref="NoRevision"/> if there is no such key.</returns>
    public static async Task<(T? Value, ulong Revision)> FindAsync<T>(
        this INatsKVStore bucket, string key, INatsDeserialize<T> serializer, CancellationToken cancellationToken)
        where T : class
    {
        var entry = await bucket.TryGetEntryAsync(key, serializer: serializer, cancellationToken: cancellationToken);
        return entry switch
        {
            { Success: true, Value.Error: { } unreadable } => throw unreadable,
            { Success: true } => (entry.Value.Value, entry.Value.Revision),
            { Error: NatsKVKeyNotFoundException } => (null, NoRevision),
            _ => throw entry.Error,
        };
    }

    /// <returns>The new revision, or <see cref="NoRevision"/> if the key has another one than this by now, and nothing was written.</returns>
    public static async Task<ulong> ReplaceAsync<T>(
        this INatsKVStore bucket, string key, T value, ulong revision, INatsSerialize<T> serializer, CancellationToken cancellationToken)
    {
        var written = await bucket.TryUpdateAsync(key, value, revision, serializer, cancellationToken);
        return written switch
        {
            { Success: true } => written.Value,
            { Error: NatsKVWrongLastRevisionException } => NoRevision,
            _ => throw written.Error,
        };
    }
}
