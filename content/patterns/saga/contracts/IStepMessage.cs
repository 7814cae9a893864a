namespace Acme._1.Contracts;

/// <summary>A command to a participant of the saga, or what the saga hears about one.</summary>
public interface IStepMessage
{
    /// <summary>The order, and so the saga.</summary>
    string OrderId { get; }

    /// <summary>
    /// The number of the saga's step. Each step has another one, also when the same thing is tried again, and a reply
    /// repeats that of its command: so the saga knows a reply or a timeout that comes too late.
    /// </summary>
    int Token { get; }
}
