namespace Acme._1.Contracts;

/// <summary>
/// The names on the broker, stated once. A queue <c>acme-1.quotes</c> has its retries in <c>acme-1.quotes.retry.N</c>
/// and its dead letters in a queue of its own.
/// </summary>
public static class Destinations
{
    /// <summary>Requests: each goes to one responder.</summary>
    public static readonly Destination Quotes = new("acme-1.quotes", DestinationKind.Queue);

    /// <summary>Answers: each goes to whoever asked, at the address that the request carries.</summary>
    public static readonly Destination Requester = new("requester", DestinationKind.Reply);
}

public enum DestinationKind
{
    Queue,
    Topic,
    Reply,
}

public sealed record Destination(string Name, DestinationKind Kind);
