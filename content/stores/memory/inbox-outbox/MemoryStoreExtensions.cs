using Acme._1.Messaging;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Acme._1.Consumer.Stores;

internal static class MemoryStoreExtensions
{
    /// <summary>Adds inbox and outbox, in memory.</summary>
    public static void AddMemoryInboxAndOutbox(this IHostApplicationBuilder builder)
    {
        var services = builder.Services;
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<MemoryInbox>();
        services.AddScoped<MemoryTransaction>();
        services.AddScoped<IInbox>(provider => provider.GetRequiredService<MemoryTransaction>());
        services.AddScoped<IOutbox>(provider => provider.GetRequiredService<MemoryTransaction>());
        services.AddHostedService<MemoryOutboxDispatcher>();
        services.AddHealthChecks().AddCheck("store", () => HealthCheckResult.Healthy("in memory"), tags: ["ready"]);
    }
}
