using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Acme._1.Messaging;

/// <summary>What a receive endpoint of this service is made of. A consumer definition lists what it wants.</summary>
public static class ReceiveEndpointExtensions
{
    /// <summary>
    /// Retries with a delay, then the error queue. Exceptions that <paramref name="configure"/> ignores are not retried;
    /// neither is a <see cref="PermanentFailureException"/>, nor a message that cannot be read or that nobody knows.
    /// </summary>
    public static void UseFailurePolicy(
        this IReceiveEndpointConfigurator endpoint, IRegistrationContext context, Action<IExceptionConfigurator>? configure = null)
    {
        var policy = ActivatorUtilities.CreateInstance<FailurePolicy>(context);
        configure?.Invoke(policy);

        endpoint.UseExecute(message => message.GetOrAddPayload(() => policy));

        var failures = Pipe.New<ExceptionReceiveContext>(AddFilters);
        endpoint.ConfigureError(AddFilters);
        endpoint.ConfigureDeadLetter(pipe => pipe.UseFilter(new UnknownMessageFilter(failures)));

        // Failures are looked at in the error queue; nobody listens to Fault<T> events.
        endpoint.PublishFaults = false;

        // MassTransit puts the last filter here by itself; the policy decides whether it is reached.
        void AddFilters(IPipeConfigurator<ExceptionReceiveContext> pipe)
        {
            pipe.UseFilter(policy);
            pipe.UseFilter(Broker.CreateErrorFilter(context));
        }
    }

    /// <summary>Each message id once, within <see cref="MessagingOptions.HandlerTimeout"/>, in one transaction with its effects.</summary>
    public static void UseInbox(this IReceiveEndpointConfigurator endpoint, IRegistrationContext context)
    {
        endpoint.UseHandling(context);
        endpoint.UseConsumeFilter(typeof(InboxFilter<>), context);
    }

    /// <summary>The same without the inbox: for what brings its own.</summary>
    public static void UseHandling(this IReceiveEndpointConfigurator endpoint, IRegistrationContext context)
    {
        endpoint.UseTimeout(timeout => timeout.Timeout = context.GetRequiredService<IOptions<MessagingOptions>>().Value.HandlerTimeout);
        endpoint.UseConsumeFilter(typeof(HandlingFilter<>), context);
    }

    /// <summary>Which attempt this is: 1 for a message that never failed. Attempts before a replay count.</summary>
    public static int GetAttempt(this ConsumeContext context) => (FailureHistory.Read(context.ReceiveContext)?.Attempts ?? 0) + 1;

    /// <summary>When the message was sent, or now if its sender did not say.</summary>
    public static DateTimeOffset GetSentTime(this ConsumeContext context, TimeProvider clock) =>
        context.SentTime is { } time ? new DateTimeOffset(time.ToUniversalTime()) : clock.GetUtcNow();

    /// <summary>The queue that the message belongs to; where a transport sets messages aside, that is not always the one it came from.</summary>
    internal static string GetQueueName(this ReceiveContext context) => Broker.QueueOf(context);
}
