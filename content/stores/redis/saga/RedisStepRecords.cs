using System.Text.Json;
using System.Text.Json.Serialization;
using StackExchange.Redis;

namespace Acme._1.Consumer.Stores;

/// <summary>A document for each participant and order.</summary>
internal sealed class RedisStepRecords(RedisStore store, RedisTransaction transaction) : IStepRecords
{
    private static readonly string[] All = [Participants.Stock, Participants.Payments, Participants.Shipping];

    public async Task<IReadOnlyList<StepRecord>> FindAllAsync(string orderId, CancellationToken cancellationToken)
    {
        var found = await store.RunAsync(
            database => Task.WhenAll(All.Select(participant => database.FindAsync(KeyOf(participant, orderId)))), cancellationToken);
        return [.. found.Select(Read).OfType<StepRecord>().OrderBy(record => record.ChangedAt)];
    }

    public async Task<StepRecord?> LoadAsync(string participant, string orderId, CancellationToken cancellationToken) =>
        Read(await transaction.LoadAsync(store, KeyOf(participant, orderId), cancellationToken));

    public Task SaveAsync(StepRecord record, CancellationToken cancellationToken)
    {
        transaction.Save(
            KeyOf(record.Participant, record.OrderId), JsonSerializer.SerializeToUtf8Bytes(record, RedisStepJson.Default.StepRecord));
        return Task.CompletedTask;
    }

    private static StepRecord? Read(RedisValue json) =>
        json.IsNull ? null : JsonSerializer.Deserialize((byte[])json!, RedisStepJson.Default.StepRecord);

    private static string KeyOf(string participant, string orderId) => RedisStore.Key($"step:{participant}:{orderId}");
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true)]
[JsonSerializable(typeof(StepRecord))]
internal sealed partial class RedisStepJson : JsonSerializerContext;
