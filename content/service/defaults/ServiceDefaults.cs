using System.Data.Common;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;

namespace Acme._1.ServiceDefaults;

/// <summary>What every host of this solution has in common.</summary>
public static class ServiceDefaults
{
    /// <summary>Adds telemetry and problem details (RFC 9457).</summary>
    /// <param name="builder">The host.</param>
    /// <param name="telemetrySources">The activity sources and meters to export beside ASP.NET Core's and the database's.</param>
    public static void AddServiceDefaults(this IHostApplicationBuilder builder, params string[] telemetrySources)
    {
        builder.AddTelemetry(telemetrySources);
        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.Services.AddProblemDetails(options => options.CustomizeProblemDetails = Explain);
    }

    /// <summary>Turns what goes wrong in a request into problem details.</summary>
    public static void UseServiceDefaults(this WebApplication app)
    {
        app.UseExceptionHandler(new ExceptionHandlerOptions
        {
            StatusCodeSelector = exception => exception switch
            {
                BadHttpRequestException bad => bad.StatusCode,

                // The body's charset is none that .NET knows.
                InvalidOperationException { Source: "Microsoft.AspNetCore.Http.Extensions" } => StatusCodes.Status415UnsupportedMediaType,
                DbException => StatusCodes.Status503ServiceUnavailable,
                _ => StatusCodes.Status500InternalServerError,
            },
        });
        app.UseStatusCodePages();
    }

    private static void Explain(ProblemDetailsContext context)
    {
        // What is wrong with a request helps its sender, and tells nothing about us.
        if (context.Exception is BadHttpRequestException bad)
        {
            context.ProblemDetails.Detail = bad.InnerException?.Message ?? bad.Message;
        }
    }
}
