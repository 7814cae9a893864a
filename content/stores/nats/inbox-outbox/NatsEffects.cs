using NATS.Client.Core;

namespace Acme._1.Consumer.Stores;

/// <summary>The effects that messages have had, in a bucket with a log for each thing that they are about.</summary>
internal sealed class NatsEffects(NatsBuckets buckets, string bucketName)
{
    private static readonly NatsJsonContextSerializer<EffectLog> Serializer = new(NatsStoreJsonContext.Default);

    /// <summary>The effects on this log, oldest first, or null if it had none.</summary>
    /// <exception cref="StoreUnavailableException">NATS is away.</exception>
    public Task<EffectLog?> FindAsync(string log, CancellationToken cancellationToken) => buckets.TryAsync(async () =>
    {
        var bucket = await buckets.OpenAsync(bucketName, cancellationToken);
        return (await bucket.FindAsync(log, Serializer, cancellationToken)).Value;
    }, cancellationToken);

    /// <summary>Adds the effect to its log, unless it is there.</summary>
    public async Task ApplyAsync(Effect effect, CancellationToken cancellationToken)
    {
        var bucket = await buckets.OpenAsync(bucketName, cancellationToken);
        ulong written;
        do
        {
            var (log, revision) = await bucket.FindAsync(effect.Log, Serializer, cancellationToken);
            var before = log?.Effects ?? [];
            if (before.Any(other => other.Id == effect.Id))
            {
                return;
            }

            // Another message about the same thing may come in between: then look again.
            written = await bucket.ReplaceAsync(
                effect.Log, new EffectLog([.. before, new(effect.Id, effect.Attempt)]), revision, Serializer, cancellationToken);
        }
        while (written == NatsKeyValueExtensions.NoRevision);
    }
}
