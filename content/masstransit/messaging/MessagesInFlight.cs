namespace Acme._1.Messaging;

/// <summary>Counts the messages that consumers of this process are handling right now.</summary>
internal sealed class MessagesInFlight
{
    private int _count;

    public int Count => Volatile.Read(ref _count);

    public void Begin() => Interlocked.Increment(ref _count);

    public void End() => Interlocked.Decrement(ref _count);
}
