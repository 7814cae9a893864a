namespace Acme._1.Consumer;

/// <summary>
/// Where the sagas are kept. State, inbox and outgoing commands are committed together: whoever handles a message loads
/// one saga, saves it and puts its commands into the outbox.
/// </summary>
public interface ISagaStore
{
    /// <summary>The saga as committed, or null.</summary>
    Task<OrderSagaState?> FindAsync(string orderId, CancellationToken cancellationToken);

    /// <summary>
    /// The saga, or null, in the transaction of the message that is being handled. Two messages about the same saga
    /// never both commit what they made of the same state: one waits for the other, or is run again.
    /// </summary>
    Task<OrderSagaState?> LoadAsync(string orderId, CancellationToken cancellationToken);

    /// <summary>Writes the saga, in the transaction of the message that is being handled. It was loaded there before.</summary>
    Task SaveAsync(OrderSagaState state, CancellationToken cancellationToken);

    /// <summary>
    /// The sagas whose <see cref="OrderSagaState.DueAt"/> has passed, at most <paramref name="take"/> of them. They are due
    /// again at <paramref name="until"/>, if nothing has saved them before.
    /// </summary>
    Task<IReadOnlyList<OrderSagaState>> ClaimDueAsync(int take, DateTimeOffset until, CancellationToken cancellationToken);

    /// <summary>The sagas that are due again at <paramref name="claimedUntil"/> are due at <paramref name="until"/> instead.</summary>
    Task PostponeAsync(
        IReadOnlyCollection<string> orderIds, DateTimeOffset claimedUntil, DateTimeOffset until, CancellationToken cancellationToken);

    /// <summary>The sagas with <see cref="OrderSagaState.ParkedAt"/>, the longest parked first, at most <paramref name="take"/> of them.</summary>
    Task<IReadOnlyList<OrderSagaState>> ListParkedAsync(int take, CancellationToken cancellationToken);
}
