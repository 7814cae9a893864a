namespace Acme._1.Contracts;

/// <summary>Lifts an old message to the current version, so that handlers know one version only.</summary>
public static class QuoteRequestedUpcaster
{
    /// <param name="old">The message as it was sent.</param>
    /// <param name="sentAt">When it was sent: version 1 did not say when it was asked, and this is the closest we know.</param>
    public static V2.QuoteRequested ToV2(V1.QuoteRequested old, DateTimeOffset sentAt) => new(old.Sku, old.Quantity, AskedAt: sentAt);
}
