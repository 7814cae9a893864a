using MassTransit;

namespace Acme._1.Consumer;

/// <summary>Where an order stands: all that the saga knows. MassTransit loads it for a message, and saves what became of it.</summary>
public sealed class OrderState : SagaStateMachineInstance
{
    /// <summary>The key under which the saga is kept: a Guid, as MassTransit wants it, made from <see cref="OrderId"/>, which may be any text.</summary>
    public Guid CorrelationId { get; set; }

    /// <summary>The order.</summary>
    public string OrderId { get; set; } = "";

    /// <summary>The article.</summary>
    public string Sku { get; set; } = "";

    /// <summary>How many of it.</summary>
    public int Quantity { get; set; }

    /// <summary>One of <see cref="SagaStates"/>: the step that it waits for, or its end. Parked, it keeps its step.</summary>
    public string CurrentState { get; set; } = "";

    /// <summary>The number of the step. Only a message with this number counts.</summary>
    public int Token { get; set; }

    /// <summary>When the step has waited too long; null if there is nothing to wait for.</summary>
    public DateTimeOffset? DueAt { get; set; }

    /// <summary>Since when it waits for a person, or null.</summary>
    public DateTimeOffset? ParkedAt { get; set; }

    /// <summary>Every state it has entered, oldest first. Replaced as a whole, never changed: others may be reading it.</summary>
    public IReadOnlyList<HistoryEntry> History { get; set; } = [];

    private string Status => this switch
    {
        { CurrentState: SagaStates.Completed } => OrderStatuses.Completed,
        { CurrentState: SagaStates.Compensated } => OrderStatuses.Compensated,
        { ParkedAt: not null } => OrderStatuses.Parked,
        _ => OrderStatuses.Pending,
    };

    /// <summary>The order, for those who ask how it stands.</summary>
    public OrderStatus ToStatus() => new(OrderId, Status, History);

    /// <summary>The parked saga, for the person on duty.</summary>
    public ParkedSaga ToParked() => new(OrderId, CurrentState, Token, History[^1].Reason ?? "", ParkedAt ?? default);

    public void Enter(string state, string? reason, DateTimeOffset now)
    {
        DueAt = null;
        ParkedAt = null;
        History = [.. History, new(now, state, Token, reason)];
    }

    /// <summary>It keeps its state and its token, so an answer that comes late still counts.</summary>
    public void Park(string reason, DateTimeOffset now)
    {
        DueAt = null;
        ParkedAt = now;
        History = [.. History, new(now, SagaStates.Parked, Token, reason)];
    }
}
