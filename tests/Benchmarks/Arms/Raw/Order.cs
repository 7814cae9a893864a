using System.Text.Json;
using System.Text.Json.Serialization;

namespace MqService.Benchmarks.Arms;

/// <summary>The same message as a generated service's, in the same JSON.</summary>
public sealed record Order(string OrderId, string Sku, int Quantity, DateTimeOffset PlacedAt)
{
    public const string TypeName = "order.placed.v2";

    public static byte[] Write(string orderId, string sku) =>
        JsonSerializer.SerializeToUtf8Bytes(new Order(orderId, sku, 1, DateTimeOffset.UtcNow), OrderJson.Default.Order);

    public static Order Read(ReadOnlySpan<byte> json) => JsonSerializer.Deserialize(json, OrderJson.Default.Order)!;
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(Order))]
internal sealed partial class OrderJson : JsonSerializerContext;
