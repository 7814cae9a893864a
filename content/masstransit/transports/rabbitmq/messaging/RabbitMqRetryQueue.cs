using System.Globalization;
using MassTransit;
using MassTransit.RabbitMqTransport;
using RabbitMQ.Client;

namespace Acme._1.Messaging.RabbitMq;

/// <summary>Retries by a ladder of queues whose messages expire back into the work queue. It needs no plugin.</summary>
internal sealed class RabbitMqRetryQueue : IRetryQueue
{
    public async Task SendAsync(ReceiveContext message, FailureHistory failures, TimeSpan delay)
    {
        var channel = message.GetPayload<ChannelContext>();
        var delivery = message.GetPayload<RabbitMqBasicConsumeContext>();
        var workQueue = message.GetQueueName();

        var properties = RabbitMqMessages.Copy(delivery.Properties, failures);
        properties.Expiration = delay.TotalMilliseconds.ToString("F0", CultureInfo.InvariantCulture);

        await RabbitMqQueues.DeclareRetryAsync(channel.Channel, workQueue, failures.Round, message.CancellationToken);
        await channel.BasicPublishAsync(
            exchange: string.Empty, RabbitMqQueues.Retry(workQueue, failures.Round), mandatory: true, properties, message.GetBody(), awaitAck: true);
    }

    public bool IsOurs(ReceiveContext message) => message.GetPayload<ChannelContext>().Channel.IsOpen;
}
