using Acme._1.Messaging.RabbitMq;
using MassTransit;
using MassTransit.RabbitMqTransport;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Acme._1.Messaging;

internal static class RabbitMqRequests
{
    /// <summary>
    /// Answers come by RabbitMQ's direct reply-to (https://www.rabbitmq.com/docs/direct-reply-to): no queue per requester,
    /// and an answer whose requester is gone is dropped by the server.
    /// </summary>
    public static void UseRequestTransport(this IBusRegistrationConfigurator bus)
    {
        bus.TryAddSingleton<IResponders, RabbitMqResponders>();

        // As SetRabbitMqReplyToRequestClientFactory does, but what comes too late is discarded: MassTransit would keep it in
        // a queue that nobody empties.
        bus.SetRequestClientFactory((connector, timeout) => connector
            .ConnectReceiveEndpoint(
                RabbitMqExchangeNames.ReplyTo,
                answers =>
                {
                    answers.ConfigureConsumeTopology = false;
                    answers.DiscardSkippedMessages();
                    answers.DiscardFaultedMessages();
                })
            .CreateClientFactory(timeout));
    }
}
