using System.Text;
using Acme._1.Contracts;
using Acme._1.Messaging.Kafka;
using Confluent.Kafka;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;

namespace Acme._1.Messaging;

internal static class KafkaRequests
{
    public static void AddRequestTransport(this IServiceCollection services)
    {
        services.TryAddSingleton<KafkaReplyReceiver>();
        services.TryAddSingleton<KafkaResponders>();
        services.TryAddSingleton<IRequestTransport, KafkaRequestTransport>();
    }
}

/// <summary>Requests go through the queue's topic like other work, answers through a topic that all requesters share.</summary>
internal sealed partial class KafkaRequestTransport(
    ITransport transport,
    KafkaProducer producer,
    KafkaConnection connection,
    KafkaReplyReceiver replies,
    KafkaResponders responders,
    ILogger<KafkaRequestTransport> logger)
    : IRequestTransport
{
    public async Task SendRequestAsync(Destination destination, Envelope request, CancellationToken cancellationToken)
    {
        try
        {
            var address = await replies.ListenAsync(cancellationToken);
            if (!await responders.AnyAsync(destination.Name, cancellationToken))
            {
                throw new NoResponderException(destination.Name);
            }

            await transport.SendAsync(destination, request with { ReplyTo = address.ToString() }, cancellationToken);
        }
        catch (OperationCanceledException exception) when (connection.Problem is { } problem)
        {
            throw new BrokerUnavailableException($"Kafka is not connected: {problem}", exception);
        }
    }

    public Task SendReplyAsync(string replyTo, Envelope reply, CancellationToken cancellationToken)
    {
        if (!KafkaReplyAddress.TryParse(replyTo, out var address))
        {
            LogNoAddress(replyTo, reply.CorrelationId);
            return Task.CompletedTask;
        }

        var message = new Message<byte[]?, byte[]?>
        {
            Key = Encoding.UTF8.GetBytes(address.Instance),
            Value = reply.Data.ToArray(),
            Headers = KafkaHeaders.Write(EnvelopeHeaders.Write(reply)),
        };
        return producer.ProduceAsync(new TopicPartition(KafkaTopology.Replies, address.Partition), message, cancellationToken);
    }

    [LoggerMessage(LogLevel.Debug, "The answer to {CorrelationId} is dropped, for {ReplyTo} is no address of a requester")]
    private partial void LogNoAddress(string replyTo, string? correlationId);
}
