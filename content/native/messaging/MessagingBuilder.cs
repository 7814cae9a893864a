using Acme._1.Contracts;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Acme._1.Messaging;

/// <summary>Says what this process does with the messages it receives.</summary>
public sealed class MessagingBuilder(IServiceCollection services, HandlerRegistry registry)
{
    internal IServiceCollection Services => services;

    internal HandlerRegistry Registry => registry;

    /// <summary>Hands each <typeparamref name="T"/> from the queue of its contract to a handler, created anew for it.</summary>
    public MessagingBuilder Handle<T, THandler>()
        where T : class
        where THandler : class, IMessageHandler<T>
    {
        AddHandler<T, THandler>(DestinationOf<T>(DestinationKind.Queue));
        return this;
    }

    /// <summary>Subscribes to the topic of <typeparamref name="T"/>, and hands each message to a handler, created anew for it.</summary>
    /// <param name="queue">The subscriber's own queue. Processes that name the same queue share its messages.</param>
    /// <param name="subject">Only messages with this subject; null for all.</param>
    public MessagingBuilder Subscribe<T, THandler>(string queue, string? subject = null)
        where T : class
        where THandler : class, IMessageHandler<T>
    {
        registry.AddSubscription(new(queue, DestinationOf<T>(DestinationKind.Topic), subject));
        AddHandler<T, THandler>(queue);
        return this;
    }

    /// <summary>Lifts an old version to a newer one; <paramref name="upcast"/> is given the message and the time it was sent.</summary>
    public MessagingBuilder Upcast<TOld, TNew>(Func<TOld, DateTimeOffset, TNew> upcast)
        where TOld : class
        where TNew : class
    {
        registry.AddUpcaster(upcast);
        return this;
    }

    /// <summary>Counts this exception as permanent: the message goes to the dead-letter queue without a retry.</summary>
    public MessagingBuilder NeverRetry<TException>()
        where TException : Exception
    {
        registry.AddPermanentFailure<TException>();
        return this;
    }

    private void AddHandler<T, THandler>(string queue)
        where T : class
        where THandler : class, IMessageHandler<T>
    {
        services.TryAddScoped<HandleOnce>();
        services.AddScoped<THandler>();
        registry.AddHandler<T>(queue, (provider, message, context, cancellationToken) =>
            provider.GetRequiredService<HandleOnce>().RunAsync(
                context,
                inner => provider.GetRequiredService<THandler>().HandleAsync((T)message, context, inner),
                cancellationToken));
    }

    private static string DestinationOf<T>(DestinationKind kind)
    {
        var destination = MessageTypes.Of(typeof(T)).Destination;
        return destination.Kind == kind
            ? destination.Name
            : throw new InvalidOperationException($"{typeof(T)} is sent to {destination.Name}, which is a {destination.Kind} and not a {kind}.");
    }
}
