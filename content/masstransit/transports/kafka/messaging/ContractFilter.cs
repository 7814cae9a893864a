using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Acme._1.Contracts;
using Acme._1.Messaging.Kafka;
using MassTransit;
using MassTransit.Serialization;

namespace Acme._1.Messaging;

/// <summary>
/// Reads a record as the message that its header says it is. The rider reads one type from each topic; a topic of ours
/// holds each version of a message that was ever sent, and a consumer may take more than one.
/// </summary>
internal sealed class ContractFilter : IFilter<ReceiveContext>
{
    public Task Send(ReceiveContext context, IPipe<ReceiveContext> next)
    {
        var rider = context.GetPayload<ConsumeContext>();
        if (rider.TryGetMessage<KafkaRecord>(out var record))
        {
            context.GetOrAddPayload(() => record.Message);
        }

        var consume = new BodyConsumeContext(context, new ContractContext(rider, MessageEnvelope.Read(context), context.Body));
        context.AddOrUpdatePayload<ConsumeContext>(() => consume, _ => consume);
        return next.Send(context);
    }

    public void Probe(ProbeContext context) => context.CreateFilterScope("contract");

    private sealed class ContractContext(MessageContext context, MessageEnvelope envelope, MessageBody body)
        : BaseSerializerContext(SystemTextJsonMessageSerializer.Instance, context, [.. envelope.Types])
    {
        private readonly Lazy<object?> _message = new(() => envelope.Contract is { } contract ? Read(contract, body) : null);

        public override bool TryGetMessage<T>([NotNullWhen(true)] out T? message)
            where T : class
        {
            message = IsSupportedMessageType<T>() ? _message.Value as T : null;
            return message is not null;
        }

        public override bool TryGetMessage(Type messageType, [NotNullWhen(true)] out object? message)
        {
            message = IsSupportedMessageType(messageType) ? _message.Value : null;
            return message is not null;
        }

        public override IMessageSerializer GetMessageSerializer() => throw NotPassedOn();

        public override IMessageSerializer GetMessageSerializer<T>(MassTransit.Serialization.MessageEnvelope envelope, T message) => throw NotPassedOn();

        public override IMessageSerializer GetMessageSerializer(object message, string[] messageTypes) => throw NotPassedOn();

        public override Dictionary<string, object> ToDictionary<T>(T? message)
            where T : class => throw NotPassedOn();

        private static object Read(MessageType contract, MessageBody body) =>
            JsonSerializer.Deserialize(body.GetBytes(), contract.Json) ?? throw new PermanentFailureException("malformed message: the value is null");

        private static NotSupportedException NotPassedOn() => new("Records are copied as they are; MassTransit does not serialize them again.");
    }
}
