using System.Net;
using System.Net.Http.Json;

namespace Acme._1.Tests;

internal sealed record OrderAccepted(string OrderId, string MessageId);

internal sealed record OrderStatus(string OrderId, string Status, HistoryEntry[] History)
{
    public IEnumerable<string> States => History.Select(entry => entry.State);
}

internal sealed record HistoryEntry(DateTimeOffset At, string State, int Token, string? Reason);

public sealed record StepEffects(string Participant, string Status, int Done, int Undone);

internal sealed record ParkedSaga(string OrderId, string State, int Token, string Reason, DateTimeOffset ParkedAt);

internal static class OrdersClient
{
    public static async Task<OrderAccepted> PlaceOrderAsync(
        this HttpClient producer, string sku, string? orderId = null, string? idempotencyKey = null)
    {
        using var response = await producer.PostOrderAsync(new { orderId, sku, quantity = 1 }, idempotencyKey);
        response.StatusCode.ShouldBe(HttpStatusCode.Accepted, await response.Content.ReadAsStringAsync());
        return (await response.Content.ReadFromJsonAsync<OrderAccepted>())!;
    }

    public static async Task<HttpResponseMessage> PostOrderAsync(this HttpClient producer, object body, string? idempotencyKey = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/orders") { Content = JsonContent.Create(body) };
        if (idempotencyKey is not null)
        {
            request.Headers.Add("Idempotency-Key", idempotencyKey);
        }

        return await producer.SendAsync(request);
    }

    public static Task<OrderStatus?> FindOrderAsync(this HttpClient consumer, string orderId) =>
        consumer.FindAsync<OrderStatus>($"/orders/{orderId}");

    /// <summary>Waits until the order stands like this.</summary>
    public static async Task<OrderStatus> WaitForOrderAsync(this HttpClient consumer, string orderId, string status = "completed")
    {
        OrderStatus? last = null;
        await Eventually.TrueAsync(
            async () => (last = await consumer.FindOrderAsync(orderId))?.Status == status,
            () => Task.FromResult($"order {orderId} did not become {status}: it is {last?.Status ?? "not there"}, after {string.Join(", ", last?.States ?? [])}"));
        return last!;
    }

    /// <summary>Waits until the saga has entered this state, and may have left it.</summary>
    public static async Task<HistoryEntry> WaitForStateAsync(this HttpClient consumer, string orderId, string state) =>
        await Eventually.NotNullAsync(
            async () => (await consumer.FindOrderAsync(orderId))?.History.LastOrDefault(entry => entry.State == state), $"order {orderId} did not reach {state}");

    /// <summary>What the participants did for the order, by their names.</summary>
    public static async Task<Dictionary<string, StepEffects>> GetEffectsAsync(this HttpClient consumer, string orderId) =>
        (await consumer.GetFromJsonAsync<StepEffects[]>($"/orders/{orderId}/effects"))!.ToDictionary(effects => effects.Participant);

    public static async Task<ParkedSaga?> FindParkedAsync(this HttpClient consumer, string orderId) =>
        (await consumer.GetFromJsonAsync<ParkedSaga[]>("/ops/sagas?take=1000"))!.SingleOrDefault(saga => saga.OrderId == orderId);

    public static async Task<HttpStatusCode> ResumeAsync(this HttpClient consumer, string orderId)
    {
        using var response = await consumer.PostAsync($"/ops/sagas/{orderId}/resume", content: null);
        return response.StatusCode;
    }
}
