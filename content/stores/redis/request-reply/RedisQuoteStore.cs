using System.Text.Json;
using System.Text.Json.Serialization;
using StackExchange.Redis;

namespace Acme._1.Consumer.Stores;

/// <summary>A key for each quote, with its JSON.</summary>
internal sealed class RedisQuoteStore(RedisStore store) : IQuoteStore
{
    public async Task<IssuedQuote> GetOrAddAsync(IssuedQuote quote, CancellationToken cancellationToken)
    {
        // SET … NX GET: one command, so also of two at once only one is kept.
        RedisValue json = JsonSerializer.SerializeToUtf8Bytes(quote, RedisQuoteJson.Default.IssuedQuote);
        var existing = await store.RunWhenAvailableAsync(
            database => database.StringSetAndGetAsync(KeyOf(quote.RequestId), json, when: When.NotExists), cancellationToken);
        return Read(existing) ?? quote;
    }

    public async Task<IssuedQuote?> FindAsync(string requestId, CancellationToken cancellationToken) =>
        Read(await store.RunAsync(database => database.StringGetAsync(KeyOf(requestId)), cancellationToken));

    private static IssuedQuote? Read(RedisValue json) =>
        json.IsNull ? null : JsonSerializer.Deserialize((byte[])json!, RedisQuoteJson.Default.IssuedQuote);

    private static RedisKey KeyOf(string requestId) => RedisStore.Key($"quote:{requestId}");
}

[JsonSerializable(typeof(IssuedQuote))]
internal sealed partial class RedisQuoteJson : JsonSerializerContext;
