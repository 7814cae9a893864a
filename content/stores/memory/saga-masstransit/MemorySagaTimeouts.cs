using MassTransit.Saga;

namespace Acme._1.Consumer.Stores;

/// <summary>The deadlines in MassTransit's in-memory repository. This process is the only one that has them.</summary>
internal sealed class MemorySagaTimeouts(IndexedSagaDictionary<OrderState> sagas, TimeProvider clock) : ISagaTimeouts
{
    public async Task<IReadOnlyList<DueStep>> ClaimDueAsync(int take, TimeSpan lease, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var due = new List<DueStep>();
        foreach (var saga in sagas.Where(new SagaQuery<OrderState>(saga => saga.DueAt <= now)).OrderBy(saga => saga.Instance.DueAt).Take(take))
        {
            // A message may be at work on it, and may set another deadline.
            await saga.MarkInUse(cancellationToken);
            try
            {
                if (saga.Instance.DueAt <= now)
                {
                    saga.Instance.DueAt = now + lease;
                    due.Add(new(saga.Instance.OrderId, saga.Instance.Token));
                }
            }
            finally
            {
                saga.Release();
            }
        }

        return due;
    }
}
