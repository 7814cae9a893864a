namespace Acme._1.Consumer;

/// <summary>The sagas in the store, as others see them.</summary>
internal sealed class SagaReader(ISagaStore sagas) : ISagaReader
{
    public async Task<OrderStatus?> FindAsync(string orderId, CancellationToken cancellationToken) =>
        await sagas.FindAsync(orderId, cancellationToken) is { } saga ? new(saga.OrderId, StatusOf(saga), saga.History) : null;

    public async Task<IReadOnlyList<ParkedSaga>> ListParkedAsync(int take, CancellationToken cancellationToken) =>
        [.. (await sagas.ListParkedAsync(take, cancellationToken)).Select(saga =>
            new ParkedSaga(saga.OrderId, saga.State, saga.Token, saga.History[^1].Reason!, saga.ParkedAt!.Value))];

    private static string StatusOf(OrderSagaState saga) => saga switch
    {
        { State: SagaStates.Completed } => OrderStatuses.Completed,
        { State: SagaStates.Compensated } => OrderStatuses.Compensated,
        { ParkedAt: not null } => OrderStatuses.Parked,
        _ => OrderStatuses.Pending,
    };
}

/// <summary>The deadlines in the store.</summary>
internal sealed class SagaTimeouts(ISagaStore sagas) : ISagaTimeouts
{
    public async Task<IReadOnlyList<DueStep>> ClaimDueAsync(int take, DateTimeOffset until, CancellationToken cancellationToken) =>
        [.. (await sagas.ClaimDueAsync(take, until, cancellationToken)).Select(saga => new DueStep(saga.OrderId, saga.Token))];

    public Task PostponeAsync(
        IReadOnlyCollection<string> orderIds, DateTimeOffset claimedUntil, DateTimeOffset until, CancellationToken cancellationToken) =>
        sagas.PostponeAsync(orderIds, claimedUntil, until, cancellationToken);
}
