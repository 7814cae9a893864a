namespace Acme._1.Messaging.Kafka;

/// <summary>
/// Lets one queue of this process handle a message while the others handle none and have committed all: if it kills the
/// process, that counts against no message of theirs.
/// </summary>
internal sealed class KafkaQuarantine
{
    private readonly Lock _gate = new();
    private readonly HashSet<string> _busy = [];
    private volatile string? _alone;

    /// <summary>True while a queue handles a message alone, or waits until it can.</summary>
    public bool IsOn => _alone is not null;

    /// <summary>Whether this queue may begin a message now; if so, it is busy until it rests.</summary>
    /// <param name="queue">The queue.</param>
    /// <param name="alone">The message may kill the process. If it has to wait, no other queue begins anything meanwhile.</param>
    public bool TryBegin(string queue, bool alone)
    {
        lock (_gate)
        {
            if (alone)
            {
                _alone ??= queue;
            }

            if ((_alone is not null && _alone != queue) || (alone && _busy.Any(other => other != queue)))
            {
                return false;
            }

            _busy.Add(queue);
            return true;
        }
    }

    /// <summary>Nothing of this queue is being handled, and what was is committed.</summary>
    /// <param name="queue">The queue.</param>
    /// <param name="waits">It still has messages that it must handle alone.</param>
    public void Rest(string queue, bool waits)
    {
        lock (_gate)
        {
            // Each time it gives the others a turn, but not its place while it waits for them.
            var worked = _busy.Remove(queue);
            if (_alone == queue && (worked || !waits))
            {
                _alone = null;
            }
        }
    }
}
