using Acme._1.Messaging.InMemory;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;

namespace Acme._1.Messaging;

internal static class InMemoryMessaging
{
    public static void AddTransport(this IHostApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddSingleton<InMemoryBroker>();
        services.AddSingleton<ITransport>(provider => provider.GetRequiredService<InMemoryBroker>());
        services.AddSingleton<IDeadLetterQueue, InMemoryDeadLetterQueue>();
        services.AddHostedService<InMemoryReceiver>();
        services.AddHealthChecks().AddCheck("broker", () => HealthCheckResult.Healthy("in memory"), tags: ["ready"]);
    }
}
