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
        new("acme-1.order.placed.v1", ContractsJsonContext.Default.OrderPlacedV1, Destinations.Orders),
        new("acme-1.order.placed.v2", ContractsJsonContext.Default.OrderPlacedV2, Destinations.Orders),

        new("acme-1.stock.reserve.v1", ContractsJsonContext.Default.ReserveStockV1, Destinations.Stock),
        new("acme-1.stock.release.v1", ContractsJsonContext.Default.ReleaseStockV1, Destinations.Stock),
        new("acme-1.payment.charge.v1", ContractsJsonContext.Default.ChargePaymentV1, Destinations.Payments),
        new("acme-1.payment.refund.v1", ContractsJsonContext.Default.RefundPaymentV1, Destinations.Payments),
        new("acme-1.shipping.arrange.v1", ContractsJsonContext.Default.ArrangeShippingV1, Destinations.Shipping),
        new("acme-1.shipping.cancel.v1", ContractsJsonContext.Default.CancelShippingV1, Destinations.Shipping),

        new("acme-1.stock.reserved.v1", ContractsJsonContext.Default.StockReservedV1, Destinations.Replies),
        new("acme-1.stock.refused.v1", ContractsJsonContext.Default.StockRefusedV1, Destinations.Replies),
        new("acme-1.stock.released.v1", ContractsJsonContext.Default.StockReleasedV1, Destinations.Replies),
        new("acme-1.payment.charged.v1", ContractsJsonContext.Default.PaymentChargedV1, Destinations.Replies),
        new("acme-1.payment.declined.v1", ContractsJsonContext.Default.PaymentDeclinedV1, Destinations.Replies),
        new("acme-1.payment.refunded.v1", ContractsJsonContext.Default.PaymentRefundedV1, Destinations.Replies),
        new("acme-1.shipping.arranged.v1", ContractsJsonContext.Default.ShippingArrangedV1, Destinations.Replies),
        new("acme-1.shipping.refused.v1", ContractsJsonContext.Default.ShippingRefusedV1, Destinations.Replies),
        new("acme-1.shipping.cancelled.v1", ContractsJsonContext.Default.ShippingCancelledV1, Destinations.Replies),

        new("acme-1.step.timed-out.v1", ContractsJsonContext.Default.StepTimedOutV1, Destinations.Replies),
        new("acme-1.order.resume.v1", ContractsJsonContext.Default.ResumeOrderV1, Destinations.Replies),

        new("acme-1.order.completed.v1", ContractsJsonContext.Default.OrderCompletedV1, Destinations.OrdersCompleted),
        new("acme-1.order.compensated.v1", ContractsJsonContext.Default.OrderCompensatedV1, Destinations.OrdersCompensated),
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
[JsonSerializable(typeof(V1.ReserveStock), TypeInfoPropertyName = "ReserveStockV1")]
[JsonSerializable(typeof(V1.ReleaseStock), TypeInfoPropertyName = "ReleaseStockV1")]
[JsonSerializable(typeof(V1.ChargePayment), TypeInfoPropertyName = "ChargePaymentV1")]
[JsonSerializable(typeof(V1.RefundPayment), TypeInfoPropertyName = "RefundPaymentV1")]
[JsonSerializable(typeof(V1.ArrangeShipping), TypeInfoPropertyName = "ArrangeShippingV1")]
[JsonSerializable(typeof(V1.CancelShipping), TypeInfoPropertyName = "CancelShippingV1")]
[JsonSerializable(typeof(V1.StockReserved), TypeInfoPropertyName = "StockReservedV1")]
[JsonSerializable(typeof(V1.StockRefused), TypeInfoPropertyName = "StockRefusedV1")]
[JsonSerializable(typeof(V1.StockReleased), TypeInfoPropertyName = "StockReleasedV1")]
[JsonSerializable(typeof(V1.PaymentCharged), TypeInfoPropertyName = "PaymentChargedV1")]
[JsonSerializable(typeof(V1.PaymentDeclined), TypeInfoPropertyName = "PaymentDeclinedV1")]
[JsonSerializable(typeof(V1.PaymentRefunded), TypeInfoPropertyName = "PaymentRefundedV1")]
[JsonSerializable(typeof(V1.ShippingArranged), TypeInfoPropertyName = "ShippingArrangedV1")]
[JsonSerializable(typeof(V1.ShippingRefused), TypeInfoPropertyName = "ShippingRefusedV1")]
[JsonSerializable(typeof(V1.ShippingCancelled), TypeInfoPropertyName = "ShippingCancelledV1")]
[JsonSerializable(typeof(V1.StepTimedOut), TypeInfoPropertyName = "StepTimedOutV1")]
[JsonSerializable(typeof(V1.ResumeOrder), TypeInfoPropertyName = "ResumeOrderV1")]
[JsonSerializable(typeof(V1.OrderCompleted), TypeInfoPropertyName = "OrderCompletedV1")]
[JsonSerializable(typeof(V1.OrderCompensated), TypeInfoPropertyName = "OrderCompensatedV1")]
public sealed partial class ContractsJsonContext : JsonSerializerContext;
