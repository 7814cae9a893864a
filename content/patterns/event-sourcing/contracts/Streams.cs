namespace Acme._1.Contracts;

/// <summary>The names of streams. A stream holds the events of one thing, in the order in which they happened.</summary>
public static class Streams
{
    private const string AccountPrefix = "account-";

    /// <summary>The events of this account.</summary>
    /// <param name="accountId">ASCII letters, digits, <c>-</c> and <c>_</c>: some brokers make a subject of it.</param>
    public static string OfAccount(string accountId) => AccountPrefix + accountId;

    /// <summary>The account whose events these are, or null if they are those of something else.</summary>
    public static string? AccountOf(string stream) =>
        stream.StartsWith(AccountPrefix, StringComparison.Ordinal) ? stream[AccountPrefix.Length..] : null;
}
