using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Acme._1.ServiceDefaults;

public static class Health
{
    /// <summary>
    /// <c>/health/live</c>: the process works; restart it if not. <c>/health/ready</c>: it can do its job; if not, the
    /// answer says what is missing, and there is no use in restarting it.
    /// </summary>
    public static void MapHealth(this IEndpointRouteBuilder routes)
    {
        routes.MapHealthChecks("/health/live", new HealthCheckOptions { Predicate = check => check.Tags.Contains("live"), ResponseWriter = WriteAsync });
        routes.MapHealthChecks("/health/ready", new HealthCheckOptions { Predicate = check => check.Tags.Contains("ready"), ResponseWriter = WriteAsync });
    }

    private static Task WriteAsync(HttpContext context, HealthReport report) => context.Response.WriteAsJsonAsync(new
    {
        Status = report.Status.ToString(),
        Checks = report.Entries.ToDictionary(
            entry => entry.Key,
            entry => new { Status = entry.Value.Status.ToString(), Reason = entry.Value.Description ?? entry.Value.Exception?.Message }),
    });
}
