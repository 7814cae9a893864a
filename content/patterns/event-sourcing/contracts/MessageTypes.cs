using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace Acme._1.Contracts;

/// <summary>
/// Every event this service stores, sends or understands. The name is what stands in the event store and on the wire, with
/// the major version at its end. Events are kept for ever, so a version that was once stored must be read for ever: a change
/// that old readers can ignore (a new optional property) keeps the name; any other change is a new version, with a new
/// record and an upcaster.
/// </summary>
public static class MessageTypes
{
    public static IReadOnlyList<MessageType> All { get; } =
    [
        new("acme-1.account.deposited.v1", ContractsJsonContext.Default.AccountDepositedV1, Destinations.Accounts),
        new("acme-1.account.deposited.v2", ContractsJsonContext.Default.AccountDepositedV2, Destinations.Accounts),
        new("acme-1.account.withdrawn.v1", ContractsJsonContext.Default.AccountWithdrawnV1, Destinations.Accounts),
        new("acme-1.account.withdrawn.v2", ContractsJsonContext.Default.AccountWithdrawnV2, Destinations.Accounts),
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

/// <param name="Name">The name in the event store and on the wire, such as <c>acme-1.account.deposited.v2</c>.</param>
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
[JsonSerializable(typeof(V1.AccountDeposited), TypeInfoPropertyName = "AccountDepositedV1")]
[JsonSerializable(typeof(V2.AccountDeposited), TypeInfoPropertyName = "AccountDepositedV2")]
[JsonSerializable(typeof(V1.AccountWithdrawn), TypeInfoPropertyName = "AccountWithdrawnV1")]
[JsonSerializable(typeof(V2.AccountWithdrawn), TypeInfoPropertyName = "AccountWithdrawnV2")]
public sealed partial class ContractsJsonContext : JsonSerializerContext;
