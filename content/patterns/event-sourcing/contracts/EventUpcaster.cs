namespace Acme._1.Contracts;

/// <summary>
/// Lifts an old event to the current version when it is read, so that the rest of the code knows one version only. What is
/// stored is never rewritten: it is what happened.
/// </summary>
public static class EventUpcaster
{
    private const decimal CentsInOne = 100m;

    /// <summary>The event in its current version, whichever it was stored in.</summary>
    /// <param name="stored">A record of one of <see cref="MessageTypes.All"/>.</param>
    /// <param name="storedAt">When it was stored: version 1 did not say when it happened, and this is the closest we know.</param>
    public static object ToLatest(object stored, DateTimeOffset storedAt) => stored switch
    {
        V1.AccountDeposited deposited => ToV2(deposited, storedAt),
        V1.AccountWithdrawn withdrawn => ToV2(withdrawn, storedAt),
        _ => stored,
    };

    /// <inheritdoc cref="ToLatest"/>
    public static V2.AccountDeposited ToV2(V1.AccountDeposited stored, DateTimeOffset storedAt) =>
        new(stored.AccountId, stored.Version, stored.Cents / CentsInOne, storedAt);

    /// <inheritdoc cref="ToLatest"/>
    public static V2.AccountWithdrawn ToV2(V1.AccountWithdrawn stored, DateTimeOffset storedAt) =>
        new(stored.AccountId, stored.Version, stored.Cents / CentsInOne, storedAt);
}
