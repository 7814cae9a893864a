using MassTransit;

namespace Acme._1.Messaging.InMemory;

internal sealed class InMemoryDeadLetterQueue(
    InMemoryDeadLetters letters,
    InMemoryRetryQueue retries,
    InMemoryQueueDepth depth,
    IBus bus,
    IBusRegistrationContext registrations,
    MessagesInFlight inFlight)
    : IDeadLetterQueue
{
    private readonly IReadOnlyList<string> _queues = registrations.GetConsumedQueues();

    public Task<IReadOnlyList<DeadLetter>> ListAsync(int take, CancellationToken cancellationToken) => Task.FromResult(letters.Newest(take));

    public Task<DeadLetter?> FindAsync(string messageId, CancellationToken cancellationToken) => Task.FromResult(letters.Find(messageId));

    public async Task<bool> ReplayAsync(string messageId, CancellationToken cancellationToken) =>
        await ReplayAsync(letter => letter.MessageId == messageId) > 0;

    public Task<int> ReplayAllAsync(CancellationToken cancellationToken) => ReplayAsync(_ => true);

    public Task<bool> DiscardAsync(string messageId, CancellationToken cancellationToken) =>
        Task.FromResult(letters.Take(letter => letter.MessageId == messageId).Count > 0);

    public Task<IReadOnlyList<QueueFigures>> GetQueuesAsync(CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<QueueFigures>>(
        [
            .. _queues.Select(queue =>
            {
                var retrying = retries.WaitingFor(queue);
                return new QueueFigures(queue, depth.Of(queue) - retrying, inFlight.Count, retrying, letters.CountIn(queue));
            }),
        ]);

    private async Task<int> ReplayAsync(Predicate<DeadLetter> match)
    {
        var taken = letters.Take(match);
        foreach (var letter in taken)
        {
            var headers = new Dictionary<string, string>(letter.Headers);
            foreach (var (name, value) in FailureHistory.Read(headers)!.Replayed().ToHeaders())
            {
                headers[name] = value;
            }

            // Not cancellable: the message is out of the dead letters and must reach its queue.
            await bus.SendRawAsync(RawMessages.QueueAddress(letter.Queue), letter.Payload, headers, cancellationToken: CancellationToken.None);
        }

        return taken.Count;
    }
}
