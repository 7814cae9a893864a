using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Acme._1.Messaging;

public static class RequestExtensions
{
    /// <summary>Adds a <see cref="Requester{TRequest}"/> for these requests.</summary>
    public static void AddRequester<TRequest>(this IBusRegistrationConfigurator bus)
        where TRequest : class
    {
        bus.AddOptions<RequestOptions>().BindConfiguration(RequestOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        bus.UseRequestTransport();
        bus.AddRequestClient<TRequest>();
        bus.TryAddScoped<Requester<TRequest>>();
    }

    /// <summary>
    /// Handles requests within <see cref="MessagingOptions.HandlerTimeout"/>, unless nobody waits for the answer any more.
    /// No inbox: the same request may come again and wants the same answer again, so the consumer has to know itself what
    /// it must not do twice.
    /// </summary>
    public static void UseRequests(this IReceiveEndpointConfigurator endpoint, IRegistrationContext context)
    {
        endpoint.UseHandling(context);
        endpoint.UseConsumeFilter(typeof(ExpiryFilter<>), context);
    }

    /// <summary>Sends the answer, if the sender of the request wants one.</summary>
    public static Task AnswerAsync(this ConsumeContext context, object answer) =>
        context.ResponseAddress is null ? Task.CompletedTask : context.RespondAsync(answer);
}
