using Acme._1.Contracts;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Acme._1.Messaging;

public static class RequestExtensions
{
    /// <summary>Adds an <see cref="IRequestClient{TRequest, TReply}"/> for these requests.</summary>
    public static MessagingBuilder AddRequestClient<TRequest, TReply>(this MessagingBuilder messaging)
        where TRequest : class
        where TReply : class
    {
        messaging.AddRequests();
        messaging.Services.AddSingleton<IRequestClient<TRequest, TReply>, RequestClient<TRequest, TReply>>();
        return messaging;
    }

    /// <summary>Answers each <typeparamref name="TRequest"/> by a handler, created anew for it.</summary>
    public static MessagingBuilder Answer<TRequest, TReply, THandler>(this MessagingBuilder messaging)
        where TRequest : class
        where TReply : class
        where THandler : class, IRequestHandler<TRequest, TReply>
    {
        messaging.AddRequests();
        messaging.Services.AddScoped<THandler>();
        messaging.Registry.AddHandler<TRequest>(
            MessageTypes.Of(typeof(TRequest)).Destination.Name,
            (provider, message, context, cancellationToken) => provider.GetRequiredService<AnswerRequest>().RunAsync(
                context,
                async inner => await provider.GetRequiredService<THandler>().HandleAsync((TRequest)message, context, inner),
                cancellationToken));
        return messaging;
    }

    private static void AddRequests(this MessagingBuilder messaging)
    {
        var services = messaging.Services;
        services.AddOptions<RequestOptions>().BindConfiguration(RequestOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.TryAddSingleton<PendingRequests>();
        services.TryAddScoped<AnswerRequest>();
        services.AddRequestTransport();
    }
}
