namespace Acme._1.Consumer;

/// <summary>
/// Does each participant's step once, and undoes it once. The same command may come twice, the undoing may come before what it
/// undoes, and a step may come after the saga has given up on it: the record tells.
/// </summary>
public sealed class StepLog(IStepRecords records, TimeProvider clock)
{
    /// <summary>Does the step, unless something was decided before.</summary>
    /// <param name="participant">One of <see cref="Participants"/>.</param>
    /// <param name="orderId">The order.</param>
    /// <param name="refusal">Why it cannot be done, or null.</param>
    /// <param name="cancellationToken">Cancelled when the handler has taken too long.</param>
    /// <returns>How it stands: done, refused, or undone before it came.</returns>
    public async Task<StepRecord> DoAsync(string participant, string orderId, string? refusal, CancellationToken cancellationToken)
    {
        if (await records.LoadAsync(participant, orderId, cancellationToken) is { } decided)
        {
            return decided;
        }

        var record = refusal is null
            ? new StepRecord(participant, orderId, StepStatus.Done, TimesDone: 1, TimesUndone: 0, Refusal: null, clock.GetUtcNow())
            : new StepRecord(participant, orderId, StepStatus.Refused, TimesDone: 0, TimesUndone: 0, refusal, clock.GetUtcNow());
        await records.SaveAsync(record, cancellationToken);
        return record;
    }

    /// <summary>Undoes the step if it was done, and sees to it that it never will be if it was not.</summary>
    public async Task UndoAsync(string participant, string orderId, CancellationToken cancellationToken)
    {
        var record = await records.LoadAsync(participant, orderId, cancellationToken);
        if (record?.Status is StepStatus.Undone)
        {
            return;
        }

        var timesDone = record?.TimesDone ?? 0;
        await records.SaveAsync(
            new(participant, orderId, StepStatus.Undone, timesDone, TimesUndone: timesDone, Refusal: "the order was given up", clock.GetUtcNow()),
            cancellationToken);
    }
}
