using Microsoft.Extensions.DependencyInjection;

namespace Acme._1.Messaging;

/// <summary>Says what this process does with the messages it receives.</summary>
public sealed class MessagingBuilder(IServiceCollection services, HandlerRegistry registry)
{
    /// <summary>Hands each <typeparamref name="T"/> to a handler, created anew for it.</summary>
    public MessagingBuilder Handle<T, THandler>()
        where T : class
        where THandler : class, IMessageHandler<T>
    {
        services.AddScoped<THandler>();
        registry.AddHandler<T, THandler>();
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
}
