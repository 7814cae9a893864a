using Acme._1.Messaging.RabbitMq;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Acme._1.Messaging;

internal static class RabbitMqMessaging
{
    public static void AddTransport(this IHostApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddSingleton<RabbitMqTopology>();
        services.AddSingleton<RabbitMqConnection>();
        services.AddSingleton<RabbitMqTransport>();
        services.AddSingleton<ITransport>(provider => provider.GetRequiredService<RabbitMqTransport>());
        services.AddSingleton<RabbitMqReceiver>();
        services.AddSingleton<IDeadLetterQueue, RabbitMqDeadLetterQueue>();

        // Hosted services stop in reverse order: the receiver drains while there still is a connection.
        services.AddHostedService(provider => provider.GetRequiredService<RabbitMqConnection>());
        services.AddHostedService(provider => provider.GetRequiredService<RabbitMqReceiver>());

        services.AddHealthChecks().AddCheck<RabbitMqHealthCheck>("broker", tags: ["ready"]);
    }
}
