using StackExchange.Redis;

namespace Acme._1.Consumer.Stores;

/// <summary>Hashes with the fields <c>version</c>, which counts how often it was written, and <c>json</c>.</summary>
internal static class RedisDocument
{
    /// <summary>Its JSON as committed, or null.</summary>
    public static Task<RedisValue> FindAsync(this IDatabase database, string key) => database.HashGetAsync(key, "json");

    /// <summary>Its JSON, or null. The message that is being handled is only committed if the document is still the same by then.</summary>
    public static async Task<RedisValue> LoadAsync(
        this RedisTransaction transaction, RedisStore store, string key, CancellationToken cancellationToken)
    {
        var fields = await store.RunWhenAvailableAsync(database => database.HashGetAsync(key, ["version", "json"]), cancellationToken);
        transaction.Expect(key, (long)fields[0]);
        return fields[1];
    }

    /// <summary>Writes it when the message that is being handled is committed.</summary>
    public static void Save(this RedisTransaction transaction, string key, RedisValue json)
    {
        transaction.OnCommit("HSET", key, "json", json);
        transaction.OnCommit("HINCRBY", key, "version", 1);
    }
}
