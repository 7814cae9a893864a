namespace Acme._1.Consumer;

/// <summary>
/// What the participants know of each order: the memory that makes them idempotent. Each participant keeps a record of
/// its own for an order; if it moves into a service of its own, its records go with it.
/// </summary>
public interface IStepRecords
{
    /// <summary>What all participants did for this order, as committed, oldest first.</summary>
    Task<IReadOnlyList<StepRecord>> FindAllAsync(string orderId, CancellationToken cancellationToken);

    /// <summary>
    /// The record of a participant, or null, in the transaction of the message that is being handled. Two messages about
    /// the same record never both commit what they made of the same state: one waits for the other, or is run again.
    /// </summary>
    Task<StepRecord?> LoadAsync(string participant, string orderId, CancellationToken cancellationToken);

    /// <summary>Writes the record, in the transaction of the message that is being handled. It was loaded there before.</summary>
    Task SaveAsync(StepRecord record, CancellationToken cancellationToken);
}

/// <param name="Participant">One of <see cref="Participants"/>.</param>
/// <param name="OrderId">The order.</param>
/// <param name="Status">How it stands.</param>
/// <param name="TimesDone">How often its step had an effect. More than once would be a bug.</param>
/// <param name="TimesUndone">How often the effect was undone. More often than it was done would be a bug.</param>
/// <param name="Refusal">Why it refused, or null.</param>
/// <param name="ChangedAt">When it came to stand like this.</param>
public sealed record StepRecord(
    string Participant, string OrderId, StepStatus Status, int TimesDone, int TimesUndone, string? Refusal, DateTimeOffset ChangedAt);

public enum StepStatus
{
    /// <summary>The step has had its effect.</summary>
    Done,

    /// <summary>The participant said no: there is no effect.</summary>
    Refused,

    /// <summary>
    /// Undone for good. Also what remains of a step that was undone before it came: when it does come, it finds this
    /// tombstone and is refused.
    /// </summary>
    Undone,
}

/// <summary>The names under which the participants keep their records.</summary>
public static class Participants
{
    public const string Stock = "stock";
    public const string Payments = "payments";
    public const string Shipping = "shipping";
}
