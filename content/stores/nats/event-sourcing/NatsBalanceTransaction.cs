using Acme._1.Messaging;

namespace Acme._1.Consumer.Stores;

/// <summary>
/// The rows that one handler has changed. NATS changes one key at a time, so they cannot be written together with the note in
/// the inbox. They are written when the handler has succeeded, and before the note: if the process dies in between, the
/// message comes again and finds its rows written, as a duplicate would. The other way round a row could get lost.
/// </summary>
internal sealed class NatsBalanceTransaction(NatsTransaction transaction) : IInbox
{
    private readonly List<Func<CancellationToken, Task>> _writes = [];

    public Task<bool> RunOnceAsync(string queue, string messageId, Func<CancellationToken, Task> work, CancellationToken cancellationToken) =>
        transaction.RunOnceAsync(
            queue,
            messageId,
            async inner =>
            {
                await work(inner);

                // The generation that is being built before the one that is served: when it takes over, balances do not go back in time.
                foreach (var write in Enumerable.Reverse(_writes))
                {
                    await write(inner);
                }
            },
            cancellationToken);

    /// <summary>Does this when the handler has succeeded, and not before. To do it twice must be as good as once.</summary>
    public void OnSuccess(Func<CancellationToken, Task> write) => _writes.Add(write);
}
