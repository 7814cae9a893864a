using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace Acme._1.Contracts;

/// <summary>
/// Every message this service sends or understands. The name is what stands on the wire, with the major version
/// at its end: a consumer can tell at once whether it understands a message. A change that old consumers can ignore
/// (a new optional property) keeps the name; any other change is a new version, with a new record and an upcaster.
/// </summary>
public static class MessageTypes
{
    public static IReadOnlyList<MessageType> All { get; } =
    [
        new("acme-1.order.placed.v1", ContractsJsonContext.Default.OrderPlacedV1, Destinations.OrdersPlaced),
        new("acme-1.order.placed.v2", ContractsJsonContext.Default.OrderPlacedV2, Destinations.OrdersPlaced),
        new("acme-1.email.sent.v1", ContractsJsonContext.Default.EmailSentV1, Destinations.EmailsSent),
    ];

    private static readonly Dictionary<string, MessageType> ByName = All.ToDictionary(type => type.Name);
    private static readonly Dictionary<Type, MessageType> ByClrType = All.ToDictionary(type => type.Json.Type);

    /// <summary>The type with this name on the wire, or null.</summary>
    public static MessageType? Find(string name) => ByName.GetValueOrDefault(name);

    /// <summary>The type of this record.</summary>
    /// <exception cref="KeyNotFoundException">The record is not in <see cref="All"/>.</exception>
    public static MessageType Of(Type clrType) => ByClrType[clrType];

    /// <summary>True if the name is that of a message we know in another major version.</summary>
    public static bool IsOtherVersionOfKnown(string name)
    {
        var family = FamilyOf(name);
        return family is not null && All.Any(type => FamilyOf(type.Name) == family);
    }

    private static string? FamilyOf(string name)
    {
        var end = name.LastIndexOf(".v", StringComparison.Ordinal);
        return end > 0 && int.TryParse(name.AsSpan(end + 2), out _) ? name[..end] : null;
    }
}

/// <param name="Name">The name on the wire, such as <c>acme-1.order.placed.v2</c>.</param>
/// <param name="Json">How it is written and read.</param>
/// <param name="Destination">Where it is sent.</param>
public sealed record MessageType(string Name, JsonTypeInfo Json, Destination Destination);

/// <summary>
/// The JSON of the contracts, generated at build time. A missing or null property is an error rather than a
/// surprise later; an unknown one is ignored, so that newer minor versions can be read.
/// </summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(V1.OrderPlaced), TypeInfoPropertyName = "OrderPlacedV1")]
[JsonSerializable(typeof(V2.OrderPlaced), TypeInfoPropertyName = "OrderPlacedV2")]
[JsonSerializable(typeof(V1.EmailSent), TypeInfoPropertyName = "EmailSentV1")]
public sealed partial class ContractsJsonContext : JsonSerializerContext;
