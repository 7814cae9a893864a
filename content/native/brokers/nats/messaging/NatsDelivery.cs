using System.Diagnostics.CodeAnalysis;
using NATS.Client.Core;
using NATS.Client.JetStream;

namespace Acme._1.Messaging.Nats;

/// <summary>A message out of one of the streams of a queue.</summary>
/// <param name="source">The consumer it came from.</param>
/// <param name="message">The message.</param>
/// <param name="acknowledgements">Those of the consumer.</param>
/// <param name="transport">Takes the copies.</param>
/// <param name="ackWait">How long the server waits for a sign of life.</param>
/// <param name="clock">The time.</param>
[SuppressMessage(
    "Design", "CA1001", Justification = "A token source without a timer has nothing to dispose, and a renewal may be under way when the message is done.")]
internal sealed class NatsDelivery(
    NatsSource source,
    INatsJSMsg<byte[]> message,
    Acknowledgements<INatsJSMsg<byte[]>> acknowledgements,
    NatsTransport transport,
    TimeSpan ackWait,
    TimeProvider clock)
    : IDelivery
{
    // The server answers to these, so that we know that it knows.
    private static readonly AckOpts Confirmed = new() { DoubleAck = true };

    private readonly CancellationTokenSource _lost = new();
    private readonly NatsJSMsgMetadata _metadata = message.Metadata ?? throw new InvalidOperationException("The message did not come from a consumer.");
    private long _renewed = clock.GetTimestamp();

    public string Queue => source.Queue;

    /// <summary>The consumer it came from.</summary>
    public NatsSource Source => source;

    public IReadOnlyDictionary<string, string> Headers { get; } = NatsMessageHeaders.Read(message.Headers);

    public ReadOnlyMemory<byte> Body { get; } = message.Data ?? [];

    public CancellationToken Lost => _lost.Token;

    /// <summary>True when a retry comes for the first time: only to be given back until its delay is over.</summary>
    public bool IsEarly => HasDelay && _metadata.NumDelivered == 1;

    /// <summary>How often it was delivered before to someone who did not settle it.</summary>
    public int Unsettled => (int)_metadata.NumDelivered - (HasDelay ? 2 : 1);

    // A replay has none, and whatever such a header says elsewhere is not ours.
    private bool HasDelay => source.Kind is NatsSourceKind.Retries && Headers.ContainsKey(NatsMessageHeaders.Delay);

    /// <summary>True when all that is left is to tell the server that the message is done.</summary>
    public bool IsDone { get; private set; }

    public Task CompleteAsync(CancellationToken cancellationToken)
    {
        // The server is told when the slot is free again: the next handler need not wait for its answer.
        IsDone = true;
        return Task.CompletedTask;
    }

    /// <summary>Returns when the server knows that the message is done.</summary>
    /// <exception cref="BrokerUnavailableException">There was no answer.</exception>
    public Task AcknowledgeAsync(CancellationToken cancellationToken) => acknowledgements.AddAsync(message, cancellationToken);

    public Task RetryAsync(FailureHistory failures, TimeSpan delay, CancellationToken cancellationToken)
    {
        var headers = NatsMessageHeaders.Copy(message.Headers, failures);
        NatsMessageHeaders.WriteDelay(headers, delay);
        return MoveAsync(NatsNames.Retries(Queue), NatsNames.Retry(Queue, failures.Round), headers, cancellationToken);
    }

    public Task DeadLetterAsync(FailureHistory failures, CancellationToken cancellationToken)
    {
        var headers = NatsMessageHeaders.Copy(message.Headers, failures);
        var id = NatsMessageHeaders.EnsureId(headers);
        return MoveAsync(NatsNames.DeadLetters(Queue), NatsNames.DeadLetter(Queue, id), headers, cancellationToken);
    }

    /// <summary>The server takes acknowledgements in the order in which they were sent: its answer to the last is one to all.</summary>
    /// <param name="messages">Of one consumer.</param>
    /// <exception cref="BrokerUnavailableException">There was no answer.</exception>
    public static async Task AcknowledgeAsync(IReadOnlyList<INatsJSMsg<byte[]>> messages)
    {
        foreach (var message in messages.SkipLast(1))
        {
            await AnswerAsync(message.AckAsync, null, CancellationToken.None);
        }

        await AnswerAsync(messages[^1].AckAsync, Confirmed, CancellationToken.None);
    }

    /// <summary>Sets a suspect aside, to be handled alone.</summary>
    public Task QuarantineAsync(FailureHistory failures, CancellationToken cancellationToken) =>
        MoveAsync(
            NatsNames.Quarantine(Queue), NatsNames.Quarantine(Queue), NatsMessageHeaders.Copy(message.Headers, failures), cancellationToken);

    /// <summary>Gives it back to the server until the delay of this retry is over.</summary>
    public Task PostponeAsync(CancellationToken cancellationToken) =>
        AnswerAsync(message.NakAsync, Confirmed with { NakDelay = NatsMessageHeaders.ReadDelay(message.Headers) }, cancellationToken);

    /// <summary>Gives it back to the server, for another consumer.</summary>
    public Task ReturnAsync(CancellationToken cancellationToken) => AnswerAsync(message.NakAsync, Confirmed, cancellationToken);

    /// <summary>Tells the server that the message is still being worked on. When it has not heard that for too long, the message is lost to us.</summary>
    public async Task RenewAsync(CancellationToken cancellationToken)
    {
        try
        {
            await AnswerAsync(message.AckProgressAsync, Confirmed, cancellationToken);
            Volatile.Write(ref _renewed, clock.GetTimestamp());
        }
        catch (Exception exception) when (exception is BrokerUnavailableException or OperationCanceledException)
        {
            // The next try comes soon. If none succeeds, the server takes the message for abandoned.
            if (clock.GetElapsedTime(Volatile.Read(ref _renewed)) > ackWait)
            {
                await _lost.CancelAsync();
            }
        }
    }

    private async Task MoveAsync(string target, string subject, NatsHeaders headers, CancellationToken cancellationToken)
    {
        // The copy first, and only when it is confirmed the original. When the process dies in between, the original
        // comes again and makes the same copy: named after its original, that one is dropped.
        var origin = $"{_metadata.Stream}:{_metadata.Sequence.Stream}:{_metadata.Timestamp.UtcTicks}";
        await transport.PublishCopyAsync(target, subject, origin, headers, Body, cancellationToken);
        await CompleteAsync(cancellationToken);
    }

    private static async Task AnswerAsync(
        Func<AckOpts?, CancellationToken, ValueTask> answer, AckOpts? options, CancellationToken cancellationToken)
    {
        try
        {
            await answer(options, cancellationToken);
        }
        catch (Exception exception) when (NatsTransport.IsConnectionProblem(exception, cancellationToken))
        {
            throw new BrokerUnavailableException($"NATS did not confirm an acknowledgement: {exception.Message}", exception);
        }
    }
}
