namespace Acme._1.Messaging;

/// <summary>
/// Messages that a handler sends. They are stored in the transaction of the handler's effects and leave after
/// its commit, so there is no effect without its message and no message without its effect.
/// </summary>
public interface IOutbox
{
    /// <summary>Adds a message to the current transaction. Delivery is at least once.</summary>
    void Add<T>(T message) where T : class;
}
