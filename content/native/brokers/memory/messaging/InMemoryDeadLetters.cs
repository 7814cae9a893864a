namespace Acme._1.Messaging.InMemory;

/// <summary>The dead letters of one queue, oldest first.</summary>
internal sealed class InMemoryDeadLetters(string queue)
{
    private readonly Lock _gate = new();
    private readonly LinkedList<(DeadLetter Letter, InMemoryMessage Message)> _letters = [];

    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _letters.Count;
            }
        }
    }

    public void Add(InMemoryMessage message, FailureHistory failures)
    {
        var headers = new Dictionary<string, string>(message.Headers);
        failures.Write(headers);

        // A message that came without an id gets one, or nobody could ask for it.
        headers.TryAdd(HeaderNames.Id, Guid.CreateVersion7().ToString());

        var letter = new DeadLetter(
            headers[HeaderNames.Id],
            headers.GetValueOrDefault(HeaderNames.Type),
            queue,
            failures.Reason,
            failures.Attempts,
            failures.Replays,
            failures.First,
            failures.Last,
            headers,
            message.Body);

        lock (_gate)
        {
            _letters.AddLast((letter, message with { Headers = headers }));
        }
    }

    public IReadOnlyList<DeadLetter> Newest(int take)
    {
        lock (_gate)
        {
            return [.. _letters.Reverse().Take(take).Select(entry => entry.Letter)];
        }
    }

    public DeadLetter? Find(string messageId)
    {
        lock (_gate)
        {
            return _letters.FirstOrDefault(entry => entry.Letter.MessageId == messageId).Letter;
        }
    }

    /// <summary>Takes out those that match. The caller owns them from then on.</summary>
    public IReadOnlyList<InMemoryMessage> Take(Predicate<DeadLetter> match)
    {
        var taken = new List<InMemoryMessage>();
        lock (_gate)
        {
            for (var node = _letters.First; node is not null;)
            {
                var next = node.Next;
                if (match(node.Value.Letter))
                {
                    _letters.Remove(node);
                    taken.Add(node.Value.Message);
                }

                node = next;
            }
        }

        return taken;
    }
}
