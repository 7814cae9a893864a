using System.Net;
using System.Net.Http.Json;

namespace Acme._1.Tests;

internal sealed record Quote(string Sku, int Quantity, decimal UnitPrice, decimal Total);

internal sealed record IssuedQuote(string RequestId, Quote Quote, DateTimeOffset IssuedAt, int Attempts);

internal static class QuotesClient
{
    public static async Task<HttpResponseMessage> SendQuoteRequestAsync(
        this HttpClient producer, string sku, string quantity = "1", string? idempotencyKey = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/quotes/{Uri.EscapeDataString(sku)}?quantity={quantity}");
        if (idempotencyKey is not null)
        {
            request.Headers.Add("Idempotency-Key", idempotencyKey);
        }

        return await producer.SendAsync(request);
    }

    public static async Task<Quote> GetQuoteAsync(this HttpClient producer, string sku, int quantity = 1, string? idempotencyKey = null)
    {
        using var response = await producer.SendQuoteRequestAsync(sku, $"{quantity}", idempotencyKey);
        response.StatusCode.ShouldBe(HttpStatusCode.OK, await response.Content.ReadAsStringAsync());
        return (await response.Content.ReadFromJsonAsync<Quote>())!;
    }

    /// <summary>Asks again after a 504, with the same key, as a client does: a busy machine may take longer than a requester waits.</summary>
    public static async Task<Quote> GetQuotePatientlyAsync(this HttpClient producer, string sku, int quantity = 1)
    {
        var key = Guid.CreateVersion7().ToString();
        while (true)
        {
            using var response = await producer.SendQuoteRequestAsync(sku, $"{quantity}", key);
            if (response.StatusCode != HttpStatusCode.GatewayTimeout)
            {
                response.StatusCode.ShouldBe(HttpStatusCode.OK, await response.Content.ReadAsStringAsync());
                return (await response.Content.ReadFromJsonAsync<Quote>())!;
            }
        }
    }

    /// <summary>Asks, and is not answered with a quote.</summary>
    public static async Task<HttpStatusCode> FailToGetQuoteAsync(this HttpClient producer, string sku, string idempotencyKey)
    {
        using var response = await producer.SendQuoteRequestAsync(sku, idempotencyKey: idempotencyKey);
        return response.StatusCode;
    }

    public static Task<IssuedQuote?> FindIssuedQuoteAsync(this HttpClient consumer, string requestId) =>
        consumer.FindAsync<IssuedQuote>($"/issued-quotes/{requestId}");

    public static Task<IssuedQuote> WaitForIssuedQuoteAsync(this HttpClient consumer, string requestId) =>
        Eventually.NotNullAsync(() => consumer.FindIssuedQuoteAsync(requestId), $"request {requestId} was not answered with a quote");
}
