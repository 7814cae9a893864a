using Acme._1.Messaging;
using MassTransit.Saga;

namespace Acme._1.Consumer.Stores;

/// <summary>The sagas in MassTransit's in-memory repository, as others see them.</summary>
internal sealed class MemorySagaReader(IndexedSagaDictionary<OrderState> sagas) : ISagaReader
{
    public Task<OrderStatus?> FindAsync(string orderId, CancellationToken cancellationToken) =>
        Task.FromResult(sagas[MessageIds.ToGuid(orderId)]?.Instance is { History: not [] } saga
            ? saga.ToStatus()
            : null);

    public Task<IReadOnlyList<ParkedSaga>> ListParkedAsync(int take, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<ParkedSaga>>(
        [
            .. sagas.Where(new SagaQuery<OrderState>(saga => saga.ParkedAt != null))
                .Select(saga => saga.Instance.ToParked())
                .OrderBy(saga => saga.ParkedAt)
                .Take(take),
        ]);
}
