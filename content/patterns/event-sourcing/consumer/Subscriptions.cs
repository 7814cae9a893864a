namespace Acme._1.Consumer;

/// <summary>Who is told of what happens to accounts. Each may move to a service of its own.</summary>
public static class Subscriptions
{
    /// <summary>The queue of the projection that keeps the balances.</summary>
    public const string Balances = "acme-1.accounts.balances";
}
