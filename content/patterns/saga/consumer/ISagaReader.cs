namespace Acme._1.Consumer;

/// <summary>The sagas as others see them. Whatever drives them has to show them like this.</summary>
public interface ISagaReader
{
    /// <summary>The order as committed, or null.</summary>
    Task<OrderStatus?> FindAsync(string orderId, CancellationToken cancellationToken);

    /// <summary>The sagas that wait for a person, those that have waited longest first, at most <paramref name="take"/> of them.</summary>
    Task<IReadOnlyList<ParkedSaga>> ListParkedAsync(int take, CancellationToken cancellationToken);
}

/// <param name="OrderId">The order.</param>
/// <param name="Status">One of <see cref="OrderStatuses"/>.</param>
/// <param name="History">Every state the saga has entered, oldest first.</param>
public sealed record OrderStatus(string OrderId, string Status, IReadOnlyList<HistoryEntry> History);

/// <param name="At">When the state was entered.</param>
/// <param name="State">One of <see cref="SagaStates"/>.</param>
/// <param name="Token">The number of the step; a parked saga keeps that of the step it is stuck in.</param>
/// <param name="Reason">Why, unless it is the usual way.</param>
public sealed record HistoryEntry(DateTimeOffset At, string State, int Token, string? Reason);

/// <param name="OrderId">The order.</param>
/// <param name="State">The step it is stuck in.</param>
/// <param name="Token">The number of that step.</param>
/// <param name="Reason">Why it is parked.</param>
/// <param name="ParkedAt">Since when.</param>
public sealed record ParkedSaga(string OrderId, string State, int Token, string Reason, DateTimeOffset ParkedAt);

/// <summary>How an order stands, in one word.</summary>
public static class OrderStatuses
{
    public const string Pending = "pending";
    public const string Completed = "completed";
    public const string Compensated = "compensated";
    public const string Parked = "parked";
}

/// <summary>The states of the saga, by name.</summary>
public static class SagaStates
{
    public const string ReservingStock = "ReservingStock";
    public const string ChargingPayment = "ChargingPayment";
    public const string ArrangingShipping = "ArrangingShipping";
    public const string CancellingShipping = "CancellingShipping";
    public const string RefundingPayment = "RefundingPayment";
    public const string ReleasingStock = "ReleasingStock";
    public const string Completed = "Completed";
    public const string Compensated = "Compensated";
    public const string Parked = "Parked";
}
