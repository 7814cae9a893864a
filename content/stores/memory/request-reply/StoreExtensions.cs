using Acme._1.Consumer.Stores;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Acme._1.Consumer;

public static class StoreExtensions
{
    /// <summary>Adds the store: the quotes that were given, in memory.</summary>
    public static void AddStore(this IHostApplicationBuilder builder)
    {
        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.Services.AddSingleton<IQuoteStore, MemoryQuoteStore>();
        builder.Services.AddHealthChecks().AddCheck("store", () => HealthCheckResult.Healthy("in memory"), tags: ["ready"]);
    }
}
