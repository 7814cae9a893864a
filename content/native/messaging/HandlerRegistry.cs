using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Acme._1.Contracts;
using Microsoft.Extensions.DependencyInjection;

namespace Acme._1.Messaging;

/// <summary>Which handler gets which message. Filled at start-up, so that handling a message needs no reflection.</summary>
public sealed class HandlerRegistry
{
    private readonly Dictionary<(string Queue, Type Type), Handling> _handlers = [];
    private readonly Dictionary<Type, Func<object, Envelope, object>> _upcasters = [];
    private readonly HashSet<Type> _permanent = [];
    private readonly SortedSet<string> _queues = [];
    private readonly HashSet<Subscription> _subscriptions = [];

    /// <summary>One way to handle a message that is read and of the current version.</summary>
    internal delegate Task Handling(IServiceProvider services, object message, MessageContext context, CancellationToken cancellationToken);

    /// <summary>The queues this process consumes, those of its subscriptions included.</summary>
    public IReadOnlyCollection<string> Queues => _queues;

    /// <summary>The topics it is subscribed to.</summary>
    public IReadOnlyCollection<Subscription> Subscriptions => _subscriptions;

    internal void AddHandler<T>(string queue, Handling handling)
    {
        _handlers.Add((queue, typeof(T)), handling);
        _queues.Add(queue);
    }

    internal void AddSubscription(Subscription subscription) => _subscriptions.Add(subscription);

    internal void AddUpcaster<TOld, TNew>(Func<TOld, DateTimeOffset, TNew> upcast)
        where TOld : class
        where TNew : class =>
        _upcasters.Add(typeof(TOld), (old, envelope) => upcast((TOld)old, envelope.Time));

    internal void AddPermanentFailure<TException>()
        where TException : Exception => _permanent.Add(typeof(TException));

    internal bool IsPermanent(Exception failure) => _permanent.Any(type => type.IsInstanceOfType(failure));

    /// <summary>Finds the handler of an envelope, reads the payload, and lifts it to the version the handler knows.</summary>
    /// <exception cref="PermanentFailureException">The message is malformed, or none that this service handles.</exception>
    internal (Handling Handle, object Message) Resolve(string queue, Envelope envelope)
    {
        if (MessageTypes.Find(envelope.Type) is not { } type)
        {
            throw new PermanentFailureException(MessageTypes.IsOtherVersionOfKnown(envelope.Type)
                ? $"unsupported version: {envelope.Type}"
                : $"unknown message type: {envelope.Type}");
        }

        var message = Deserialize(envelope, type.Json);
        while (_upcasters.TryGetValue(message.GetType(), out var upcast))
        {
            message = upcast(message, envelope);
        }

        return _handlers.TryGetValue((queue, message.GetType()), out var handle)
            ? (handle, message)
            : throw new PermanentFailureException($"unknown message type: nothing here handles {envelope.Type}");
    }

    private static object Deserialize(Envelope envelope, JsonTypeInfo json)
    {
        try
        {
            return JsonSerializer.Deserialize(envelope.Data.Span, json)
                ?? throw new PermanentFailureException("malformed: the payload is null");
        }
        catch (JsonException exception)
        {
            throw new PermanentFailureException($"malformed: {exception.Message}", exception);
        }
    }
}
