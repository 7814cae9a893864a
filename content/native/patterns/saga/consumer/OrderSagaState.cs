using System.Text.Json.Serialization;

namespace Acme._1.Consumer;

/// <summary>Where an order stands: all that the saga knows, kept by <see cref="ISagaStore"/> as one document.</summary>
/// <param name="OrderId">The order.</param>
/// <param name="Sku">The article.</param>
/// <param name="Quantity">How many of it.</param>
/// <param name="State">One of <see cref="SagaStates"/>: the step that it waits for, or its end. Parked, it keeps its step.</param>
/// <param name="Token">The number of the step. Only a message with this number counts.</param>
/// <param name="DueAt">When the step has waited too long; null if there is nothing to wait for.</param>
/// <param name="ParkedAt">Since when it waits for a person, or null.</param>
/// <param name="History">Every state it has entered, oldest first.</param>
public sealed record OrderSagaState(
    string OrderId,
    string Sku,
    int Quantity,
    string State,
    int Token,
    DateTimeOffset? DueAt,
    DateTimeOffset? ParkedAt,
    IReadOnlyList<HistoryEntry> History);

/// <summary>The JSON in which stores keep it.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(OrderSagaState))]
public sealed partial class SagaJsonContext : JsonSerializerContext;
