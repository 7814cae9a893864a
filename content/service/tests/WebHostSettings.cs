using Microsoft.AspNetCore.Hosting;

namespace Acme._1.Tests;

internal static class WebHostSettings
{
    public static void UseSettings(this IWebHostBuilder host, IReadOnlyDictionary<string, string?> settings)
    {
        host.UseEnvironment("Development");
        foreach (var (key, value) in settings.Where(setting => setting.Value is not null))
        {
            host.UseSetting(key, value);
        }
    }
}
