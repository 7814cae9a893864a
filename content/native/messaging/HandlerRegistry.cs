using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Acme._1.Contracts;
using Microsoft.Extensions.DependencyInjection;

namespace Acme._1.Messaging;

/// <summary>Which handler gets which message. Filled at start-up, so that handling a message needs no reflection.</summary>
public sealed class HandlerRegistry
{
    private delegate Task Invoke(IServiceProvider services, object message, MessageContext context, CancellationToken cancellationToken);

    private readonly Dictionary<Type, Invoke> _handlers = [];
    private readonly Dictionary<Type, Func<object, Envelope, object>> _upcasters = [];
    private readonly HashSet<Type> _permanent = [];
    private readonly SortedSet<string> _queues = [];

    /// <summary>The queues this process consumes.</summary>
    public IReadOnlyCollection<string> Queues => _queues;

    internal void AddHandler<T, THandler>()
        where T : class
        where THandler : class, IMessageHandler<T>
    {
        _handlers.Add(typeof(T), (services, message, context, cancellationToken) =>
            services.GetRequiredService<THandler>().HandleAsync((T)message, context, cancellationToken));
        _queues.Add(MessageTypes.Of(typeof(T)).Destination.Name);
    }

    internal void AddUpcaster<TOld, TNew>(Func<TOld, DateTimeOffset, TNew> upcast)
        where TOld : class
        where TNew : class =>
        _upcasters.Add(typeof(TOld), (old, envelope) => upcast((TOld)old, envelope.Time));

    internal void AddPermanentFailure<TException>()
        where TException : Exception => _permanent.Add(typeof(TException));

    internal bool IsPermanent(Exception failure) => _permanent.Any(type => type.IsInstanceOfType(failure));

    /// <summary>Turns an envelope into a call of its handler: reads the payload and lifts it to the version the handler knows.</summary>
    /// <exception cref="PermanentFailureException">The message is malformed, or none that this service handles.</exception>
    internal Func<IServiceProvider, MessageContext, CancellationToken, Task> Resolve(Envelope envelope)
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

        return _handlers.TryGetValue(message.GetType(), out var invoke)
            ? (services, context, cancellationToken) => invoke(services, message, context, cancellationToken)
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
