using System.Net;
using System.Net.Http.Json;

namespace Acme._1.Tests;

/// <summary>What the operations endpoints answer, as far as tests look at it.</summary>
public sealed record DeadLetterInfo(
    string MessageId,
    string? Type,
    string Queue,
    string Reason,
    int Attempts,
    int Replays,
    DateTimeOffset FirstFailure,
    DateTimeOffset LastFailure,
    Dictionary<string, string>? Headers,
    string? Payload,
    byte[]? PayloadBase64);

public sealed record QueueInfo(string Queue, long Depth, long InFlight, long Retrying, long DeadLettered);

internal static class ServiceClient
{
    /// <summary>The body, whatever the status.</summary>
    public static async Task<string> GetStringAsyncAlways(this HttpClient client, string path)
    {
        using var response = await client.GetAsync(path);
        return $"{(int)response.StatusCode} {await response.Content.ReadAsStringAsync()}";
    }

    /// <summary>The resource, or null if there is none.</summary>
    public static async Task<T?> FindAsync<T>(this HttpClient client, string path)
        where T : class
    {
        using var response = await client.GetAsync(path);
        if (response.StatusCode == HttpStatusCode.NotFound)
        {
            return null;
        }

        response.EnsureSuccessStatusCode();
        return await response.Content.ReadFromJsonAsync<T>();
    }

    public static Task<DeadLetterInfo?> FindDeadLetterAsync(this HttpClient consumer, string messageId) =>
        consumer.FindAsync<DeadLetterInfo>($"/ops/dead-letters/{messageId}");

    public static Task<DeadLetterInfo> WaitForDeadLetterAsync(this HttpClient consumer, string messageId) =>
        Eventually.NotNullAsync(() => consumer.FindDeadLetterAsync(messageId), $"{messageId} is not among the dead letters");

    public static async Task<DeadLetterInfo[]> ListDeadLettersAsync(this HttpClient consumer) =>
        (await consumer.GetFromJsonAsync<DeadLetterInfo[]>("/ops/dead-letters?take=1000"))!;

    public static async Task ReplayAsync(this HttpClient consumer, string messageId)
    {
        using var response = await consumer.PostAsync($"/ops/dead-letters/{messageId}/replay", content: null);
        response.EnsureSuccessStatusCode();
    }
}
