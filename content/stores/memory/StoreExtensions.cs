using Acme._1.Consumer.Stores;
using Acme._1.Messaging;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Acme._1.Consumer;

public static class StoreExtensions
{
    /// <summary>Adds the store: inbox, outbox and orders, in memory.</summary>
    public static void AddStore(this IHostApplicationBuilder builder)
    {
        var services = builder.Services;
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<MemoryStore>();
        services.AddScoped<MemoryTransaction>();
        services.AddScoped<IInbox>(provider => provider.GetRequiredService<MemoryTransaction>());
        services.AddScoped<IOutbox>(provider => provider.GetRequiredService<MemoryTransaction>());
        services.AddScoped<IOrderStore>(provider => provider.GetRequiredService<MemoryTransaction>());
        services.AddHostedService<MemoryOutboxDispatcher>();
        services.AddHealthChecks().AddCheck("store", () => HealthCheckResult.Healthy("in memory"), tags: ["ready"]);
    }
}
