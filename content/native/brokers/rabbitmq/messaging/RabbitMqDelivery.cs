using System.Globalization;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace Acme._1.Messaging.RabbitMq;

internal sealed class RabbitMqDelivery(
    string queue,
    BasicDeliverEventArgs message,
    IChannel channel,
    RabbitMqAcknowledgements acknowledgements,
    RabbitMqTransport transport,
    CancellationToken lost)
    : IDelivery
{
    public string Queue => queue;

    public IReadOnlyDictionary<string, string> Headers { get; } = RabbitMqHeaders.Read(message.BasicProperties);

    public ReadOnlyMemory<byte> Body => message.Body;

    public CancellationToken Lost => lost;

    /// <summary>How often it was delivered before without being settled.</summary>
    public int Count => RabbitMqHeaders.ReadDeliveryCount(message.BasicProperties);

    public Task CompleteAsync(CancellationToken cancellationToken)
    {
        acknowledgements.Add(message.DeliveryTag);
        return Task.CompletedTask;
    }

    public Task RetryAsync(FailureHistory failures, TimeSpan delay, CancellationToken cancellationToken)
    {
        var properties = RabbitMqHeaders.Copy(message.BasicProperties, failures);
        properties.Expiration = ((long)delay.TotalMilliseconds).ToString(CultureInfo.InvariantCulture);
        return MoveAsync(RabbitMqTopology.RetryQueue(queue, failures.Round), properties, cancellationToken);
    }

    public Task DeadLetterAsync(FailureHistory failures, CancellationToken cancellationToken)
    {
        var properties = RabbitMqHeaders.Copy(message.BasicProperties, failures);

        // A message that came without an id, or with none that can be read, gets one, or nobody could ask for it.
        if (string.IsNullOrEmpty(Headers.GetValueOrDefault(HeaderNames.Id)))
        {
            properties.Headers![HeaderNames.Id] = Guid.CreateVersion7().ToString();
        }

        return MoveAsync(RabbitMqTopology.DeadLetterQueue(queue), properties, cancellationToken);
    }

    /// <summary>Sets a suspect aside, to be handled alone.</summary>
    public Task QuarantineAsync(DateTimeOffset now, CancellationToken cancellationToken)
    {
        var before = FailureHistory.Read(Headers);
        var failures = new FailureHistory(
            (before?.Attempts ?? 0) + Count, before?.Round ?? 0, before?.Replays ?? 0, before?.First ?? now, now, "the process died or lost its connection");
        return MoveAsync(RabbitMqTopology.Quarantine(queue), RabbitMqHeaders.Copy(message.BasicProperties, failures), cancellationToken);
    }

    private async Task MoveAsync(string target, BasicProperties properties, CancellationToken cancellationToken)
    {
        try
        {
            // The copy first, and only when it is confirmed the original: a crash in between makes a duplicate, never a loss.
            await transport.PublishToQueueAsync(target, properties, message.Body, cancellationToken);
        }
        catch (MessageTooLargeException)
        {
            // The server's limit was lowered after it had taken this message. RabbitMQ itself can still move it.
            await RejectAsync(cancellationToken);
            return;
        }

        await CompleteAsync(cancellationToken);
    }

    private async Task RejectAsync(CancellationToken cancellationToken)
    {
        try
        {
            await channel.BasicRejectAsync(message.DeliveryTag, requeue: false, cancellationToken);
            acknowledgements.Skip(message.DeliveryTag);
        }
        catch (Exception exception) when (RabbitMqTransport.IsConnectionProblem(exception))
        {
            throw new BrokerUnavailableException($"The message could not be rejected: {exception.Message}", exception);
        }
    }
}
