using MassTransit;

namespace Acme._1.Messaging.InMemory;

/// <summary>
/// Keeps what failed for good, oldest first, instead of the error queue: nobody can look into a queue of the in-memory transport.
/// </summary>
internal sealed class InMemoryDeadLetters : IFilter<ExceptionReceiveContext>
{
    private readonly Lock _gate = new();
    private readonly LinkedList<DeadLetter> _letters = [];

    public async Task Send(ExceptionReceiveContext context, IPipe<ExceptionReceiveContext> next)
    {
        var headers = RawMessages.ReadHeaders(context);
        foreach (var (name, value) in context.ExceptionHeaders.GetAll())
        {
            headers[name] = value.ToString() ?? string.Empty;
        }

        var body = context.GetBody();
        var failures = FailureHistory.Read(headers) ?? throw new InvalidOperationException("The failure policy comes before this filter.");
        var letter = new DeadLetter(
            headers[HeaderNames.MessageId],
            MessageEnvelope.Read(body).Type,
            context.GetQueueName(),
            failures.Reason,
            failures.Attempts,
            failures.Replays,
            failures.First,
            failures.Last,
            headers,
            body);

        lock (_gate)
        {
            _letters.AddLast(letter);
        }

        await next.Send(context);
    }

    public void Probe(ProbeContext context) => context.CreateFilterScope("deadLetters");

    public IReadOnlyList<DeadLetter> Newest(int take)
    {
        lock (_gate)
        {
            return [.. _letters.Reverse().Take(take)];
        }
    }

    public DeadLetter? Find(string messageId)
    {
        lock (_gate)
        {
            return _letters.LastOrDefault(letter => letter.MessageId == messageId);
        }
    }

    public int CountIn(string queue)
    {
        lock (_gate)
        {
            return _letters.Count(letter => letter.Queue == queue);
        }
    }

    /// <summary>Takes out those that match. The caller owns them from then on.</summary>
    public IReadOnlyList<DeadLetter> Take(Predicate<DeadLetter> match)
    {
        lock (_gate)
        {
            var taken = _letters.Where(letter => match(letter)).ToList();
            taken.ForEach(letter => _letters.Remove(letter));
            return taken;
        }
    }
}
