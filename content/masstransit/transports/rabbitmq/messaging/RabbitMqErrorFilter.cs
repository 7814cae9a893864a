using MassTransit;
using MassTransit.RabbitMqTransport;

namespace Acme._1.Messaging.RabbitMq;

/// <summary>
/// Moves a message to the error queue: the same bytes, the exception in the headers, and confirmed before the original is
/// acknowledged. Not by MassTransit's own filter: it copies what the sender said to RabbitMQ, such as its name and further
/// queues, and RabbitMQ closes the connection of whoever repeats the first, and obeys the second once more.
/// </summary>
internal sealed class RabbitMqErrorFilter : IFilter<ExceptionReceiveContext>
{
    public async Task Send(ExceptionReceiveContext context, IPipe<ExceptionReceiveContext> next)
    {
        var delivery = context.GetPayload<RabbitMqBasicConsumeContext>();
        var properties = RabbitMqMessages.Copy(delivery.Properties, context.ExceptionHeaders.GetAll());
        await context.GetPayload<ChannelContext>().BasicPublishAsync(
            exchange: string.Empty, RabbitMqQueues.Error(context.GetQueueName()), mandatory: true, properties, context.GetBody(), awaitAck: true);
        await next.Send(context);
    }

    public void Probe(ProbeContext context) => context.CreateFilterScope("errorQueue");
}
