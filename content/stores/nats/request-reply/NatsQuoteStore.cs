using System.Text.Json.Serialization;
using NATS.Client.Core;
using NATS.Client.KeyValueStore;

namespace Acme._1.Consumer.Stores;

internal sealed class NatsQuoteStore(NatsBuckets buckets) : IQuoteStore
{
    public static readonly NatsKVConfig Bucket = new("acme-1-quotes");

    private static readonly NatsJsonContextSerializer<IssuedQuote> Serializer = new(NatsQuoteJsonContext.Default);

    public Task<IssuedQuote> GetOrAddAsync(IssuedQuote quote, CancellationToken cancellationToken) => buckets.WhenAvailableAsync(async () =>
    {
        var key = quote.RequestId.ToKey();
        var bucket = await buckets.OpenAsync(Bucket.Bucket, cancellationToken);
        while (true)
        {
            // Only if there is none: of those that come at once, one is written.
            if (await bucket.ReplaceAsync(key, quote, NatsKeyValueExtensions.NoRevision, Serializer, cancellationToken) != NatsKeyValueExtensions.NoRevision)
            {
                return quote;
            }

            if ((await bucket.FindAsync(key, Serializer, cancellationToken)).Value is { } existing)
            {
                return existing;
            }
        }
    }, cancellationToken);

    public Task<IssuedQuote?> FindAsync(string requestId, CancellationToken cancellationToken) => buckets.TryAsync(async () =>
    {
        var bucket = await buckets.OpenAsync(Bucket.Bucket, cancellationToken);
        return (await bucket.FindAsync(requestId.ToKey(), Serializer, cancellationToken)).Value;
    }, cancellationToken);
}

[JsonSerializable(typeof(IssuedQuote))]
internal sealed partial class NatsQuoteJsonContext : JsonSerializerContext;
