using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Acme._1.Messaging;
using Acme._1.Messaging.Nats;
using Microsoft.Extensions.Options;
using NATS.Client.Core;
using NATS.Client.JetStream;
using NATS.Client.KeyValueStore;

namespace Acme._1.EventStore;

/// <summary>A key for each stream, in a bucket that is created by whoever needs it first.</summary>
internal sealed class NatsSnapshotStore(INatsConnector connector, IOptions<NatsSettings> settings) : ISnapshotStore
{
    private const string Bucket = "acme-1-snapshots";
    private const int NotFound = 404;

    private INatsKVStore? _bucket;

    public Task<Snapshot?> FindAsync(string stream, CancellationToken cancellationToken) => TryAsync(
        async bucket =>
        {
            var entry = await bucket.TryGetEntryAsync<byte[]>(KeyOf(stream), cancellationToken: cancellationToken);
            return entry switch
            {
                { Success: true, Value.Value: { } json } => Read(stream, json),
                { Success: true } or { Error: NatsKVKeyNotFoundException or NatsKVKeyDeletedException } => null,
                _ => throw entry.Error,
            };
        },
        cancellationToken);

    public Task SaveAsync(Snapshot snapshot, CancellationToken cancellationToken) => TryAsync(
        async bucket =>
        {
            var json = JsonSerializer.SerializeToUtf8Bytes(
                new StoredSnapshot(snapshot.Version, snapshot.SchemaVersion, snapshot.State), NatsSnapshotJsonContext.Default.StoredSnapshot);
            return await bucket.PutAsync(KeyOf(snapshot.Stream), json, cancellationToken: cancellationToken);
        },
        cancellationToken);

    public Task DeleteAsync(string stream, CancellationToken cancellationToken) => TryAsync(
        async bucket =>
        {
            await bucket.PurgeAsync(KeyOf(stream), cancellationToken: cancellationToken);
            return true;
        },
        cancellationToken);

    // Names come from outside, and few characters are allowed in a key.
    private static string KeyOf(string stream) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(stream)));

    // It is a cache: what cannot be read is as good as nothing, for the events say the same.
    private static Snapshot? Read(string stream, byte[] json)
    {
        try
        {
            return JsonSerializer.Deserialize(json, NatsSnapshotJsonContext.Default.StoredSnapshot) is { } stored
                ? new(stream, stored.Version, stored.SchemaVersion, stored.State)
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private async Task<T> TryAsync<T>(Func<INatsKVStore, Task<T>> work, CancellationToken cancellationToken)
    {
        if (connector.Problem is { } problem)
        {
            throw new BrokerUnavailableException($"NATS is not available: {problem}");
        }

        try
        {
            return await work(_bucket ??= await OpenAsync(cancellationToken));
        }
        catch (Exception exception) when (NatsTransport.IsConnectionProblem(exception, cancellationToken))
        {
            // It may have been deleted, too.
            _bucket = null;
            throw new BrokerUnavailableException($"NATS did not answer: {exception.Message}", exception);
        }
    }

    private async Task<INatsKVStore> OpenAsync(CancellationToken cancellationToken)
    {
        var context = new NatsKVContext(await connector.GetJetStreamAsync(cancellationToken));
        try
        {
            return await context.GetStoreAsync(Bucket, cancellationToken);
        }
        catch (NatsJSApiException exception) when (exception.Error.Code == NotFound)
        {
            // Another process may do the same at the same time; with the same settings that is no conflict.
            return await context.CreateStoreAsync(new NatsKVConfig(Bucket) { NumberOfReplicas = settings.Value.Replicas }, cancellationToken);
        }
    }
}

internal sealed record StoredSnapshot(long Version, int SchemaVersion, ReadOnlyMemory<byte> State);

[JsonSerializable(typeof(StoredSnapshot))]
internal sealed partial class NatsSnapshotJsonContext : JsonSerializerContext;
