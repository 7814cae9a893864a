using Acme._1.EventStore;

namespace Acme._1.Consumer;

internal static class BalanceProjectionExtensions
{
    /// <summary>Adds what keeps the balances, and what builds them anew.</summary>
    public static void AddBalanceProjection(this IHostApplicationBuilder builder)
    {
        builder.AddEventReader();

        var services = builder.Services;
        services.AddOptions<ProjectionOptions>().BindConfiguration(ProjectionOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddScoped<BalanceProjection>();
        services.AddSingleton<RebuildRequest>();
        services.AddHostedService<BalanceRebuilder>();
        services.AddHealthChecks().AddCheck<ProjectionHealthCheck>("balances", tags: ["ready"]);
        services.AddSingleton<FailureSimulation>();
    }
}
