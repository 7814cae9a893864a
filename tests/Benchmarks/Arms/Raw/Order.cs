using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace MqService.Benchmarks.Arms;

/// <summary>The same message as a generated service's, in the same JSON.</summary>
public sealed record Order(string OrderId, string Sku, int Quantity, DateTimeOffset PlacedAt)
{
    public const string TypeName = "order.placed.v2";

    /// <summary>The headers that a generated service's message has, or none if this arm is to do without.</summary>
    public static IReadOnlyList<KeyValuePair<string, string>> HeadersOf(string orderId) => !ArmSettings.HasHeaders ? [] :
    [
        new("cloudEvents_specversion", "1.0"),
        new("cloudEvents_id", orderId),
        new("cloudEvents_type", TypeName),
        new("cloudEvents_source", "/shop"),
        new("cloudEvents_time", DateTimeOffset.UtcNow.ToString("O", CultureInfo.InvariantCulture)),
    ];

    public static byte[] Write(string orderId, string sku) =>
        JsonSerializer.SerializeToUtf8Bytes(new Order(orderId, sku, 1, DateTimeOffset.UtcNow), OrderJson.Default.Order);

    public static Order Read(ReadOnlySpan<byte> json) => JsonSerializer.Deserialize(json, OrderJson.Default.Order)!;
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(Order))]
internal sealed partial class OrderJson : JsonSerializerContext;
