namespace Acme._1.Consumer;

internal static class SagaParts
{
    /// <summary>Adds what every saga here is made of, whatever drives it: the participants and the timeouts.</summary>
    public static void AddSagaParts(this IHostApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddOptions<SagaOptions>().BindConfiguration(SagaOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton<FailureSimulation>();
        services.AddSingleton<SagaSimulation>();
        services.AddScoped<StepLog>();
        services.AddScoped<StockRoom>();
        services.AddScoped<Payments>();
        services.AddScoped<Shipping>();
        services.AddHostedService<StepTimeouts>();
    }
}
