namespace Acme._1.Messaging.InMemory;

internal sealed class InMemoryDeadLetterQueue(InMemoryBroker broker, HandlerRegistry registry, MessagePump pump) : IDeadLetterQueue
{
    private IEnumerable<InMemoryQueue> Queues => registry.Queues.Select(broker.Queue);

    public Task<IReadOnlyList<DeadLetter>> ListAsync(int take, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<DeadLetter>>(
            [.. Queues.SelectMany(queue => queue.DeadLetters.Newest(take)).OrderByDescending(letter => letter.LastFailure).Take(take)]);

    public Task<DeadLetter?> FindAsync(string messageId, CancellationToken cancellationToken) =>
        Task.FromResult(Queues.Select(queue => queue.DeadLetters.Find(messageId)).FirstOrDefault(letter => letter is not null));

    public async Task<bool> ReplayAsync(string messageId, CancellationToken cancellationToken) =>
        await ReplayAsync(letter => letter.MessageId == messageId) > 0;

    public Task<int> ReplayAllAsync(CancellationToken cancellationToken) => ReplayAsync(_ => true);

    public Task<bool> DiscardAsync(string messageId, CancellationToken cancellationToken)
    {
        var discarded = Queues.Sum(queue => queue.DeadLetters.Take(letter => letter.MessageId == messageId).Count);
        return Task.FromResult(discarded > 0);
    }

    public Task<IReadOnlyList<QueueFigures>> GetQueuesAsync(CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<QueueFigures>>(
            [.. Queues.Select(queue => new QueueFigures(queue.Name, queue.Reader.Count, pump.InFlight, queue.Retrying, queue.DeadLetters.Count))]);

    private async Task<int> ReplayAsync(Predicate<DeadLetter> match)
    {
        var replayed = 0;
        foreach (var queue in Queues)
        {
            foreach (var message in queue.DeadLetters.Take(match))
            {
                var headers = new Dictionary<string, string>(message.Headers);
                FailureHistory.Read(headers)?.Replayed().Write(headers);

                // Not cancellable: the message is out of the dead-letter queue and must reach its own.
                await queue.EnqueueAsync(message with { Headers = headers }, CancellationToken.None);
                replayed++;
            }
        }

        return replayed;
    }
}
