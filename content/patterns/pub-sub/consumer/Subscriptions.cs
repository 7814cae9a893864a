namespace Acme._1.Consumer;

/// <summary>
/// The subscribers of placed orders. They live in one process here, to be seen together; nothing ties them to each other,
/// and each may move to a service of its own.
/// </summary>
public static class Subscriptions
{
    /// <summary>The queue of those who confirm orders by e-mail.</summary>
    public const string Emails = "acme-1.orders.emails";

    /// <summary>They do so in this region only; other regions' messages never reach their queue.</summary>
    public const string EmailsRegion = "eu";

    /// <summary>The queue of those who count orders, whatever the region.</summary>
    public const string Analytics = "acme-1.orders.analytics";
}
