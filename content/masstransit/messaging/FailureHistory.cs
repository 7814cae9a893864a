using System.Globalization;
using MassTransit;

namespace Acme._1.Messaging;

/// <summary>What a message has been through. It travels in the message's headers, so that nothing needs to remember it.</summary>
/// <param name="Attempts">How often it was handed to a consumer, in all.</param>
/// <param name="Round">How often since it was sent or replayed: this is what <see cref="RetryOptions.MaxAttempts"/> limits.</param>
/// <param name="Replays">How often it was replayed.</param>
/// <param name="First">When an attempt failed first.</param>
/// <param name="Last">When the last attempt failed.</param>
/// <param name="Reason">Why the last attempt failed.</param>
public sealed record FailureHistory(int Attempts, int Round, int Replays, DateTimeOffset First, DateTimeOffset Last, string Reason)
{
    private const int MaxNumber = 1_000_000;

    /// <summary>The history after one more failed attempt.</summary>
    public static FailureHistory After(FailureHistory? before, string reason, DateTimeOffset now) => before is null
        ? new(Attempts: 1, Round: 1, Replays: 0, First: now, Last: now, reason)
        : before with { Attempts = before.Attempts + 1, Round = before.Round + 1, Last = now, Reason = reason };

    /// <summary>The history of a message that goes back to its queue for another round.</summary>
    public FailureHistory Replayed() => this with { Round = 0, Replays = Replays + 1 };

    internal static FailureHistory? Read(ReceiveContext message) =>
        Read(name => message.TransportHeaders.TryGetHeader(name, out var value) ? Convert.ToString(value, CultureInfo.InvariantCulture) : null);

    internal static FailureHistory? Read(IReadOnlyDictionary<string, string> headers) => Read(headers.GetValueOrDefault);

    internal IEnumerable<KeyValuePair<string, string>> ToHeaders()
    {
        yield return new(HeaderNames.Attempts, Attempts.ToString(CultureInfo.InvariantCulture));
        yield return new(HeaderNames.Round, Round.ToString(CultureInfo.InvariantCulture));
        yield return new(HeaderNames.Replays, Replays.ToString(CultureInfo.InvariantCulture));
        yield return new(HeaderNames.FirstFailure, First.ToString("O", CultureInfo.InvariantCulture));
        yield return new(HeaderNames.LastFailure, Last.ToString("O", CultureInfo.InvariantCulture));
        yield return new(HeaderNames.Reason, Reason);
    }

    private static FailureHistory? Read(Func<string, string?> header) => header(HeaderNames.Attempts) is not { } attempts
        ? null
        : new(
            Number(attempts),
            Number(header(HeaderNames.Round)),
            Number(header(HeaderNames.Replays)),
            Time(header(HeaderNames.FirstFailure)),
            Time(header(HeaderNames.LastFailure)),
            header(HeaderNames.Reason) ?? "unknown");

    // Headers come from outside: what cannot be read counts as not said, and never stops a consumer. Neither does a number
    // so large that one more attempt would make it negative.
    private static int Number(string? text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? Math.Min(number, MaxNumber) : 0;

    private static DateTimeOffset Time(string? text) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time : DateTimeOffset.UnixEpoch;
}
