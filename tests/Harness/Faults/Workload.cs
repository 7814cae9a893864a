using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace MqService.Harness.Faults;

/// <summary>What the driver sends and where the oracle looks, for one pattern. Nothing here knows a broker.</summary>
/// <param name="IsAnswered">The producer answers with the result: what is confirmed has happened already.</param>
public sealed record Workload(
    HttpStatusCode Confirmed,
    Func<string, string, HttpRequestMessage> Send,
    IReadOnlyList<Func<string, string>> Effects,
    bool IsAnswered)
{
    public static Workload Of(Combination combination) => combination["pattern"] switch
    {
        "work-queue" => new(HttpStatusCode.Accepted, PostOrder, [id => $"orders/{id}"], false),
        "pub-sub" => new(HttpStatusCode.Accepted, PostOrder, [id => $"emails/{id}", id => $"analytics/{id}"], false),
        "event-sourcing" => OfAccounts(),
        "request-reply" => new(HttpStatusCode.OK, GetQuote, [id => $"issued-quotes/{id}"], true),
        var pattern => throw new ArgumentException($"There is no workload for {pattern}."),
    };

    /// <summary>How often a message took effect at one of its places.</summary>
    public static int EffectsIn(JsonNode answer) => (int?)answer["effects"] ?? (int?)answer["version"] ?? 1;

    /// <summary>Each message is the one deposit to an account of its own, whose id says what is simulated.</summary>
    private static Workload OfAccounts()
    {
        var accounts = new ConcurrentDictionary<string, string>();
        return new(HttpStatusCode.OK, PostDeposit, [id => $"balances/{accounts[id]}"], false);

        HttpRequestMessage PostDeposit(string id, string sku) => new(HttpMethod.Post, $"accounts/{accounts[id] = $"{sku}-{id.Replace("-", "", StringComparison.Ordinal)}"}/deposits")
        {
            Content = JsonContent.Create(new { amount = 1 }),
            Headers = { { "Idempotency-Key", id } },
        };
    }

    private static HttpRequestMessage PostOrder(string id, string sku) => new(HttpMethod.Post, "orders")
    {
        Content = JsonContent.Create(new { orderId = id, sku, quantity = 1 }),
        Headers = { { "Idempotency-Key", id } },
    };

    private static HttpRequestMessage GetQuote(string id, string sku) => new(HttpMethod.Get, $"quotes/{sku}?quantity=1")
    {
        Headers = { { "Idempotency-Key", id } },
    };
}
