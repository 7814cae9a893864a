using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;

namespace Acme._1.Messaging;

public static class MessagingExtensions
{
    /// <summary>
    /// Adds the bus, and to the bus what <paramref name="configure"/> says: consumers, usually.
    /// May be called more than once, by each part of a host: MassTransit itself wants to be added once only.
    /// </summary>
    public static void AddMessaging(this IHostApplicationBuilder builder, Action<IBusRegistrationConfigurator>? configure = null)
    {
        var services = builder.Services;
        if (services.FirstOrDefault(service => service.ServiceType == typeof(BusRegistration))?.ImplementationInstance is BusRegistration existing)
        {
            configure?.Invoke(existing.Bus);
            return;
        }

        services.AddOptions<MessagingOptions>().BindConfiguration(MessagingOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddOptions<RetryOptions>().BindConfiguration(RetryOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<MessagingTelemetry>();
        services.AddHostedService(provider => provider.GetRequiredService<MessagingTelemetry>());
        services.AddSingleton<MessagesInFlight>();
        services.AddSingleton<ConfirmedPublisher>();
        services.AddSingleton<IOutboxSender, MassTransitOutboxSender>();

        // A filter that it does not find here, MassTransit makes by reflection, for each message.
        services.AddTransient(typeof(HandlingFilter<>));
        services.AddTransient(typeof(InboxFilter<>));

        services.AddMassTransit(bus =>
        {
            services.AddSingleton(new BusRegistration(bus));

            // Ours says what is wrong; MassTransit's would stand beside it, so it only keeps the name that it must have.
            bus.ConfigureHealthCheckOptions(health =>
            {
                health.Name = "masstransit";
                health.Tags.Clear();
                health.Tags.Add("masstransit");
            });

            bus.UsingBroker();
            configure?.Invoke(bus);
        });

        services.AddHealthChecks().AddCheck<BusHealthCheck>("broker", tags: ["ready"]);
    }

    private sealed record BusRegistration(IBusRegistrationConfigurator Bus);
}
