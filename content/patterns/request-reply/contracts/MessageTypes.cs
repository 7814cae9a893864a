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
        new("acme-1.quote.requested.v1", ContractsJsonContext.Default.QuoteRequestedV1, Destinations.Quotes),
        new("acme-1.quote.requested.v2", ContractsJsonContext.Default.QuoteRequestedV2, Destinations.Quotes),
        new("acme-1.quote.given.v1", ContractsJsonContext.Default.QuoteGivenV1, Destinations.Requester),
        new("acme-1.quote.rejected.v1", ContractsJsonContext.Default.QuoteRejectedV1, Destinations.Requester),
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

/// <param name="Name">The name on the wire, such as <c>acme-1.quote.requested.v2</c>.</param>
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
[JsonSerializable(typeof(V1.QuoteRequested), TypeInfoPropertyName = "QuoteRequestedV1")]
[JsonSerializable(typeof(V2.QuoteRequested), TypeInfoPropertyName = "QuoteRequestedV2")]
[JsonSerializable(typeof(V1.QuoteGiven), TypeInfoPropertyName = "QuoteGivenV1")]
[JsonSerializable(typeof(V1.QuoteRejected), TypeInfoPropertyName = "QuoteRejectedV1")]
public sealed partial class ContractsJsonContext : JsonSerializerContext;
