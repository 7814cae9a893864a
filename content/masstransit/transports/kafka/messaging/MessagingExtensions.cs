using Acme._1.Messaging.Kafka;
using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;

namespace Acme._1.Messaging;

public static class MessagingExtensions
{
    /// <summary>
    /// Within the 30 seconds that a host has. The client may never answer the last commit of a consumer that stops while its
    /// group rebalances: then we go without, and the few messages come again.
    /// </summary>
    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(20);

    /// <summary>
    /// Adds MassTransit's Kafka rider, and to the rider what <paramref name="configure"/> says: consumers, usually.
    /// May be called more than once, by each part of a host: MassTransit itself wants to be added once only.
    /// </summary>
    public static void AddMessaging(this IHostApplicationBuilder builder, Action<IRiderRegistrationConfigurator>? configure = null)
    {
        var services = builder.Services;
        if (services.FirstOrDefault(service => service.ServiceType == typeof(RiderRegistration))?.ImplementationInstance is RiderRegistration existing)
        {
            configure?.Invoke(existing.Rider);
            return;
        }

        services.AddOptions<MessagingOptions>().BindConfiguration(MessagingOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddOptions<RetryOptions>().BindConfiguration(RetryOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<MessagingTelemetry>();
        services.AddHostedService(provider => provider.GetRequiredService<MessagingTelemetry>());
        services.AddSingleton<MessagesInFlight>();
        services.AddSingleton<IOutboxSender, MassTransitOutboxSender>();

        // A filter that it does not find here, MassTransit makes by reflection, for each message.
        services.AddTransient(typeof(HandlingFilter<>));
        services.AddTransient(typeof(InboxFilter<>));

        // Before MassTransit, for what starts first stops last: the rider needs all of it until it has drained.
        services.AddKafka();

        services.AddOptions<MassTransitHostOptions>().Configure(host => host.StopTimeout = StopTimeout);
        services.AddMassTransit(bus =>
        {
            // Ours says what is wrong; MassTransit's would stand beside it, so it only keeps the name that it must have.
            bus.ConfigureHealthCheckOptions(health =>
            {
                health.Name = "masstransit";
                health.Tags.Clear();
                health.Tags.Add("masstransit");
            });

            // A rider rides along with a bus, and there is none for Kafka. Nothing is sent through this one.
            bus.UsingInMemory();
            bus.AddRider(rider =>
            {
                services.AddSingleton(new RiderRegistration(rider));
                rider.UsingBroker();
                configure?.Invoke(rider);
            });
        });

        // After MassTransit, and so before it when the process stops.
        services.AddHostedService(provider => provider.GetRequiredService<ConfirmedPublisher>());

        services.AddHealthChecks().AddCheck<BusHealthCheck>("broker", tags: ["ready"]);
    }

    private sealed record RiderRegistration(IRiderRegistrationConfigurator Rider);
}
