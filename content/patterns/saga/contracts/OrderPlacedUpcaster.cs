namespace Acme._1.Contracts;

/// <summary>Lifts an old message to the current version, so that handlers know one version only.</summary>
public static class OrderPlacedUpcaster
{
    /// <param name="old">The message as it was sent.</param>
    /// <param name="sentAt">When it was sent: version 1 did not say when the order was placed, and this is the closest we know.</param>
    public static V2.OrderPlaced ToV2(V1.OrderPlaced old, DateTimeOffset sentAt) =>
        new(old.OrderId, old.Sku, old.Quantity, PlacedAt: sentAt);
}
