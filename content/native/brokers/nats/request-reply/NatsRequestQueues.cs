using System.Collections.Concurrent;
using NATS.Client.Core;

namespace Acme._1.Messaging.Nats;

/// <summary>
/// Requests are no work to be kept: when their requester has gone, nobody wants the answer. They go over core NATS, to
/// one responder of those who listen, and the server says at once when there is none.
/// </summary>
internal sealed class NatsRequestQueues(IReadOnlySet<string> queues) : INatsDirectQueues
{
    private readonly ConcurrentDictionary<NatsRequestDelivery, bool> _held = new();

    public bool Contains(string queue) => queues.Contains(queue);

    public void Add(NatsRequestDelivery request) => _held.TryAdd(request, true);

    public void Remove(NatsRequestDelivery request) => _held.TryRemove(request, out _);

    public (int InFlight, int Retrying) Count(string queue)
    {
        var held = _held.Keys.Where(request => request.Queue == queue).ToList();
        var retrying = held.Count(request => request.RetryDelay is not null);
        return (held.Count - retrying, retrying);
    }

    public async Task SendAsync(
        INatsConnection connection, string queue, NatsHeaders headers, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        // Nobody waits for the answer. But without an address for it, the server would not say that nobody listens.
        var address = connection.NewInbox();
        await using var answers = await connection.SubscribeCoreAsync<byte[]>(address, cancellationToken: cancellationToken);
        await connection.PublishAsync(
            queue, body, headers, address, NatsRawSerializer<ReadOnlyMemory<byte>>.Default, cancellationToken: cancellationToken);

        // What the server has to say comes before its answer to this.
        await connection.PingAsync(cancellationToken);
        if (answers.Msgs.TryRead(out var answer) && answer.HasNoResponders)
        {
            throw new BrokerUnavailableException($"Nobody answers requests at {queue} now.");
        }
    }
}
