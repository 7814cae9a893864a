using Acme._1.Contracts;

namespace Acme._1.Messaging;

/// <summary>
/// What a broker has to offer. An adapter does nothing but this: which message is handled how, when it is retried and
/// when it is given up is decided in <see cref="MessagePump"/>, the same for all brokers.
/// </summary>
/// <remarks>
/// The adapter calls <see cref="MessagePump.ProcessAsync"/> for each message of each queue in <see cref="HandlerRegistry.Queues"/>,
/// and lets the topics of <see cref="HandlerRegistry.Subscriptions"/> feed the queues of their subscribers.
/// </remarks>
public interface ITransport
{
    /// <summary>The broker's name in traces and metrics (OpenTelemetry: <c>messaging.system</c>).</summary>
    string System { get; }

    /// <summary>Returns once the broker has confirmed the message.</summary>
    /// <exception cref="BrokerUnavailableException">There is no connection, or the broker refused the message.</exception>
    /// <exception cref="OperationCanceledException">It did not confirm before the token was cancelled.</exception>
    Task SendAsync(Destination destination, Envelope envelope, CancellationToken cancellationToken);
}

/// <summary>A message that was received and is not settled yet. A delivery that is never settled is delivered again.</summary>
public interface IDelivery
{
    /// <summary>The queue it came from.</summary>
    string Queue { get; }

    IReadOnlyDictionary<string, string> Headers { get; }

    ReadOnlyMemory<byte> Body { get; }

    /// <summary>Cancelled when the message can no longer be settled here: the broker will deliver it again.</summary>
    CancellationToken Lost { get; }

    /// <summary>It is done: the broker may forget it.</summary>
    Task CompleteAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Deliver it again after the delay. The original is given up only after the broker has confirmed its copy.
    /// </summary>
    /// <exception cref="BrokerUnavailableException">There is no confirmed copy; the original is still there.</exception>
    Task RetryAsync(FailureHistory failures, TimeSpan delay, CancellationToken cancellationToken);

    /// <summary>Put it into the dead-letter queue, with the same promise.</summary>
    /// <inheritdoc cref="RetryAsync" path="/exception"/>
    Task DeadLetterAsync(FailureHistory failures, CancellationToken cancellationToken);
}
