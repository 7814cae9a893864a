using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace MqService.Harness.Faults;

/// <summary>What the driver sends and where the oracle looks, for one pattern. Nothing here knows a broker.</summary>
/// <param name="Destination">The queue, topic or stream that it goes to, without the name of the service.</param>
/// <param name="Confirmed">The status of a message that is promised to be kept, or answered.</param>
/// <param name="Send">The request, by message id and sku.</param>
/// <param name="Effects">Where the effects show, by message id.</param>
public sealed record Workload(
    string Destination,
    HttpStatusCode Confirmed,
    Func<string, string, HttpRequestMessage> Send,
    IReadOnlyList<Func<string, string>> Effects)
{
    /// <summary>
    /// The sku of a request in a load, by its number. Some take the handler a while, so that there is always something in the middle.
    /// </summary>
    public Func<int, string> SkuOf { get; init; } = number => number % 40 == 0 ? "slow-1" : "coffee";

    /// <summary>How long each sender waits between two requests. What one consumer cannot follow would only wait in the queues.</summary>
    public TimeSpan Pace { get; init; } = TimeSpan.FromMilliseconds(20);

    /// <summary>Whether what shows at all the places goes together.</summary>
    public Predicate<IReadOnlyList<JsonNode>> IsConsistent { get; init; } = _ => true;

    public static Workload Of(Combination combination) => combination["pattern"] switch
    {
        "work-queue" => new("orders", HttpStatusCode.Accepted, PostOrder, [id => $"orders/{id}"]),
        "pub-sub" => new("orders.placed", HttpStatusCode.Accepted, PostOrder, [id => $"emails/{id}", id => $"analytics/{id}"]),
        "request-reply" => new("quotes", HttpStatusCode.OK, GetQuote, [id => $"issued-quotes/{id}"]),
        "saga" => new("orders", HttpStatusCode.Accepted, PostOrder, [id => $"orders/{id}", id => $"orders/{id}/effects"])
        {
            SkuOf = number => number % 40 == 0 ? "slow-1" : (number % 10) switch
            {
                1 => "out-of-stock",
                4 => "payment-declined",
                7 => "shipping-fails",
                _ => "coffee",
            },
            IsConsistent = HasOneEnd,

            // Each order is eight messages.
            Pace = TimeSpan.FromMilliseconds(200),
        },
        "event-sourcing" => OfAccounts(),
        var pattern => throw new ArgumentException($"There is no workload for {pattern}."),
    };

    /// <summary>How often a message took effect at one of its places.</summary>
    public static int EffectsIn(JsonNode answer) => answer switch
    {
        // Those of a saga's participants: each once, and undone once at the most.
        JsonArray steps when steps.Count == 0 => 0,
        JsonArray steps => steps.All(step => (int)step!["done"]! <= 1 && (int)step["undone"]! <= (int)step["done"]!) ? 1 : 2,

        // A saga that has not come to its end.
        _ when (string?)answer["status"] == "pending" => 0,
        _ => (int?)answer["effects"] ?? (int?)answer["version"] ?? 1,
    };

    /// <summary>A completed order has all of its effects, a compensated one has none left.</summary>
    private static bool HasOneEnd(IReadOnlyList<JsonNode> answers)
    {
        var left = answers[1].AsArray().Sum(step => (int)step!["done"]! - (int)step["undone"]!);
        return (string)answers[0]["status"]! switch
        {
            "completed" => left == 3,
            "compensated" => left == 0,
            _ => false,
        };
    }

    /// <summary>Each message is the one deposit to an account of its own, whose id says what is simulated.</summary>
    private static Workload OfAccounts()
    {
        var accounts = new ConcurrentDictionary<string, string>();
        return new("accounts", HttpStatusCode.OK, PostDeposit, [id => $"balances/{accounts[id]}"])
        {
            // Where PostgreSQL keeps the events no outage of the broker slows the senders down, and each event is looked up in the end.
            Pace = TimeSpan.FromMilliseconds(100),
        };

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
