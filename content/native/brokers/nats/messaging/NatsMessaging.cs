using Acme._1.Messaging.Nats;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Acme._1.Messaging;

internal static class NatsMessaging
{
    public static void AddTransport(this IHostApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddOptions<NatsSettings>().BindConfiguration(NatsSettings.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton<NatsSources>();
        services.AddSingleton<NatsTopology>();
        services.AddSingleton<NatsConnector>();
        services.AddSingleton<INatsConnector>(provider => provider.GetRequiredService<NatsConnector>());
        services.AddSingleton<NatsTransport>();
        services.AddSingleton<ITransport>(provider => provider.GetRequiredService<NatsTransport>());
        services.AddSingleton<NatsLeases>();
        services.AddSingleton<NatsReceiver>();
        services.AddSingleton<IDeadLetterQueue, NatsDeadLetterQueue>();

        // Hosted services stop in reverse order: the receiver drains while there still is a connection.
        services.AddHostedService(provider => provider.GetRequiredService<NatsConnector>());
        services.AddHostedService(provider => provider.GetRequiredService<NatsReceiver>());
        services.AddHostedService<NatsTopicTrimmer>();

        services.AddHealthChecks().AddCheck<NatsHealthCheck>("broker", tags: ["ready"]);
    }
}
