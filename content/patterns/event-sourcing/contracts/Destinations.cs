namespace Acme._1.Contracts;

/// <summary>
/// The names on the broker, stated once. Whoever appends events knows the topic only; each subscriber has a queue of its own
/// behind it, with its own retries in <c>….retry.N</c> and its own dead letters.
/// </summary>
public static class Destinations
{
    /// <summary>All that has happened to accounts. The subject of each message is the account it happened to.</summary>
    public static readonly Destination Accounts = new("acme-1.accounts", DestinationKind.Topic, IsEventLog: true);
}

public enum DestinationKind
{
    /// <summary>Work to do: each message goes to one consumer, and waits until there is one.</summary>
    Queue,

    /// <summary>News: each message goes to everyone who subscribed, which may be nobody.</summary>
    Topic,
}

/// <param name="Name">The name on the broker.</param>
/// <param name="Kind">Who gets a message.</param>
/// <param name="IsEventLog">
/// What is sent here are events, appended through the event store and through nothing else. Where the broker's topic is
/// itself the log of events, it is the only truth there is: it must never be trimmed, compacted or expired.
/// </param>
public sealed record Destination(string Name, DestinationKind Kind, bool IsEventLog = false);
