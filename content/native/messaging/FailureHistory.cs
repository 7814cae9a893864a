using System.Globalization;

namespace Acme._1.Messaging;

/// <summary>What a message has been through. It travels in the message's headers, so that nothing needs to remember it.</summary>
/// <param name="Attempts">How often it was handed to a handler, in all.</param>
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

    internal static FailureHistory? Read(IReadOnlyDictionary<string, string> headers)
    {
        if (!headers.TryGetValue(HeaderNames.Attempts, out var attempts))
        {
            return null;
        }

        return new(
            Number(attempts),
            Number(headers.GetValueOrDefault(HeaderNames.Round)),
            Number(headers.GetValueOrDefault(HeaderNames.Replays)),
            Time(headers.GetValueOrDefault(HeaderNames.FirstFailure)),
            Time(headers.GetValueOrDefault(HeaderNames.LastFailure)),
            headers.GetValueOrDefault(HeaderNames.Reason, "unknown"));
    }

    internal void Write(IDictionary<string, string> headers)
    {
        headers[HeaderNames.Attempts] = Attempts.ToString(CultureInfo.InvariantCulture);
        headers[HeaderNames.Round] = Round.ToString(CultureInfo.InvariantCulture);
        headers[HeaderNames.Replays] = Replays.ToString(CultureInfo.InvariantCulture);
        headers[HeaderNames.FirstFailure] = First.ToString("O", CultureInfo.InvariantCulture);
        headers[HeaderNames.LastFailure] = Last.ToString("O", CultureInfo.InvariantCulture);
        headers[HeaderNames.Reason] = Reason;
    }

    // Headers come from outside: what cannot be read counts as not said, and never stops a consumer. Neither does a number
    // so large that one more attempt would make it negative.
    private static int Number(string? text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? Math.Min(number, MaxNumber) : 0;

    private static DateTimeOffset Time(string? text) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time : DateTimeOffset.UnixEpoch;
}
