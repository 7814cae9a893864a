using System.Net;
using System.Net.Http.Json;

namespace Acme._1.Tests;

internal sealed record OrderAccepted(string OrderId, string MessageId);

internal sealed record OrderStatus(string OrderId, string Status, int Effects, int Attempts);

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

    public static Task<OrderStatus> WaitForOrderAsync(this HttpClient consumer, string orderId) =>
        Eventually.NotNullAsync(() => consumer.FindOrderAsync(orderId), $"order {orderId} was not processed");
}
