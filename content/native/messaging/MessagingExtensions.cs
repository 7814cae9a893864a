using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;

namespace Acme._1.Messaging;

public static class MessagingExtensions
{
    /// <summary>
    /// Adds the broker: what it takes to send messages and, with handlers configured, to receive them.
    /// May be called more than once, by each part of a host.
    /// </summary>
    public static MessagingBuilder AddMessaging(this IHostApplicationBuilder builder)
    {
        var services = builder.Services;
        if (services.FirstOrDefault(service => service.ServiceType == typeof(HandlerRegistry))?.ImplementationInstance is HandlerRegistry existing)
        {
            return new(services, existing);
        }

        services.AddOptions<MessagingOptions>().BindConfiguration(MessagingOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddOptions<RetryOptions>().BindConfiguration(RetryOptions.Section).ValidateDataAnnotations().ValidateOnStart();

        var registry = new HandlerRegistry();
        services.AddSingleton(registry);
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<MessagingTelemetry>();
        services.AddSingleton<FailurePolicy>();
        services.AddSingleton<MessagePump>();
        services.AddSingleton<MessagePublisher>();
        services.AddSingleton<IMessagePublisher>(provider => provider.GetRequiredService<MessagePublisher>());
        services.AddSingleton<IOutboxSender>(provider => provider.GetRequiredService<MessagePublisher>());
        builder.AddTransport();

        return new(services, registry);
    }
}
