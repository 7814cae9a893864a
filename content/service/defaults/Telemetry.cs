using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Acme._1.ServiceDefaults;

/// <summary>
/// Traces, metrics and logs over OTLP, when <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> says where to.
/// </summary>
internal static class Telemetry
{
    public static void AddTelemetry(this IHostApplicationBuilder builder, string[] sources)
    {
        if (string.IsNullOrEmpty(builder.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"]))
        {
            return;
        }

        var resource = ResourceBuilder.CreateDefault().AddService(builder.Environment.ApplicationName);

        builder.Logging.AddOpenTelemetry(logging => logging.SetResourceBuilder(resource).AddOtlpExporter());

        // The exporter reads the rest of the OTEL_* settings from the configuration, too.
        builder.Services.AddHostedService(_ => new Providers(
            () => Sdk.CreateTracerProviderBuilder()
                .ConfigureServices(services => services.AddSingleton<IConfiguration>(builder.Configuration))
                .SetResourceBuilder(resource)
                .AddSource([.. sources, "Microsoft.AspNetCore", "Npgsql"])
                .AddOtlpExporter()
                .Build(),
            () => Sdk.CreateMeterProviderBuilder()
                .ConfigureServices(services => services.AddSingleton<IConfiguration>(builder.Configuration))
                .SetResourceBuilder(resource)
                .AddMeter([.. sources, "Microsoft.AspNetCore.Hosting", "System.Runtime", "Npgsql"])
                .AddOtlpExporter()
                .Build()));
    }

    /// <summary>Exports from the start of the host to its end, when the rest is flushed.</summary>
    private sealed class Providers(Func<TracerProvider> traces, Func<MeterProvider> metrics) : IHostedService, IDisposable
    {
        private readonly List<IDisposable> _providers = [];

        public Task StartAsync(CancellationToken cancellationToken)
        {
            _providers.Add(traces());
            _providers.Add(metrics());
            return Task.CompletedTask;
        }

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public void Dispose() => _providers.ForEach(provider => provider.Dispose());
    }
}
