using Acme._1.Messaging;
using MassTransit.Saga;

namespace Acme._1.Consumer.Stores;

/// <summary>The deadlines in MassTransit's in-memory repository. This process is the only one that has them.</summary>
internal sealed class MemorySagaTimeouts(IndexedSagaDictionary<OrderState> sagas, TimeProvider clock) : ISagaTimeouts
{
    public async Task<IReadOnlyList<DueStep>> ClaimDueAsync(int take, DateTimeOffset until, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var due = new List<DueStep>();
        foreach (var saga in sagas.Where(new SagaQuery<OrderState>(saga => saga.DueAt <= now)).OrderBy(saga => saga.Instance.DueAt).Take(take))
        {
            if (await TryMoveAsync(saga, dueAt => dueAt <= now, until, cancellationToken))
            {
                due.Add(new(saga.Instance.OrderId, saga.Instance.Token));
            }
        }

        return due;
    }

    public async Task PostponeAsync(
        IReadOnlyCollection<string> orderIds, DateTimeOffset claimedUntil, DateTimeOffset until, CancellationToken cancellationToken)
    {
        foreach (var saga in orderIds.Select(orderId => sagas[MessageIds.ToGuid(orderId)]).OfType<SagaInstance<OrderState>>())
        {
            await TryMoveAsync(saga, dueAt => dueAt == claimedUntil, until, cancellationToken);
        }
    }

    private static async Task<bool> TryMoveAsync(
        SagaInstance<OrderState> saga, Func<DateTimeOffset?, bool> isDue, DateTimeOffset until, CancellationToken cancellationToken)
    {
        // A message may be at work on it, and may set another deadline.
        await saga.MarkInUse(cancellationToken);
        try
        {
            var moves = isDue(saga.Instance.DueAt);
            saga.Instance.DueAt = moves ? until : saga.Instance.DueAt;
            return moves;
        }
        finally
        {
            saga.Release();
        }
    }
}
