using NATS.Client.Core;

namespace Acme._1.Messaging.Nats;

/// <summary>
/// A request. NATS has forgotten it as soon as it is here: its retries happen in this process, and it dies with it, which
/// to the requester is a timeout. Only a dead letter is kept.
/// </summary>
internal sealed class NatsRequestDelivery(string queue, NatsMsg<byte[]> message, NatsTransport transport) : IDelivery
{
    // The copy is named after this delivery: when its confirmation gets lost, it is not made twice.
    private readonly string _id = Guid.CreateVersion7().ToString();

    public string Queue => queue;

    public IReadOnlyDictionary<string, string> Headers { get; private set; } = ReadHeaders(message, message.Headers);

    public ReadOnlyMemory<byte> Body { get; } = message.Data ?? [];

    public CancellationToken Lost => CancellationToken.None;

    /// <summary>After how long it is to be handled again, or null if it is not waiting for that.</summary>
    public TimeSpan? RetryDelay { get; private set; }

    public Task CompleteAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task RetryAsync(FailureHistory failures, TimeSpan delay, CancellationToken cancellationToken)
    {
        Headers = ReadHeaders(message, NatsMessageHeaders.Copy(message.Headers, failures));
        RetryDelay = delay;
        return Task.CompletedTask;
    }

    public Task DeadLetterAsync(FailureHistory failures, CancellationToken cancellationToken)
    {
        var headers = NatsMessageHeaders.Copy(message.Headers, failures);
        headers.Remove(HeaderNames.ReplyTo);
        var id = NatsMessageHeaders.EnsureId(headers);
        return transport.PublishCopyAsync(NatsNames.DeadLetters(queue), NatsNames.DeadLetter(queue, id), _id, headers, Body, cancellationToken);
    }

    /// <summary>The delay is over.</summary>
    public void BeginRetry() => RetryDelay = null;

    // The address for the answer is what NATS says, and nothing else.
    private static Dictionary<string, string> ReadHeaders(NatsMsg<byte[]> message, NatsHeaders? original)
    {
        var headers = NatsMessageHeaders.Read(original);
        headers[HeaderNames.ReplyTo] = message.ReplyTo ?? string.Empty;
        return headers;
    }
}
