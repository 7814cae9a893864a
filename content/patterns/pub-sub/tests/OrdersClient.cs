using System.Net;
using System.Net.Http.Json;

namespace Acme._1.Tests;

internal sealed record OrderAccepted(string OrderId, string MessageId);

internal sealed record OrderStatus(string OrderId, string Status, int Effects, int Attempts);

internal static class OrdersClient
{
    public static async Task<OrderAccepted> PlaceOrderAsync(
        this HttpClient producer, string sku, string? orderId = null, string? idempotencyKey = null, string region = "eu")
    {
        using var response = await producer.PostOrderAsync(new { orderId, sku, quantity = 1, region }, idempotencyKey);
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

    public static Task<OrderStatus?> FindEmailAsync(this HttpClient consumer, string orderId) =>
        consumer.FindAsync<OrderStatus>($"/emails/{orderId}");

    public static Task<OrderStatus> WaitForEmailAsync(this HttpClient consumer, string orderId) =>
        Eventually.NotNullAsync(() => consumer.FindEmailAsync(orderId), $"order {orderId} was not confirmed");

    public static Task<OrderStatus?> FindAnalyticsAsync(this HttpClient consumer, string orderId) =>
        consumer.FindAsync<OrderStatus>($"/analytics/{orderId}");

    public static Task<OrderStatus> WaitForAnalyticsAsync(this HttpClient consumer, string orderId) =>
        Eventually.NotNullAsync(() => consumer.FindAnalyticsAsync(orderId), $"order {orderId} was not counted");
}
