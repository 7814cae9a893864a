using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Acme._1.Consumer.Stores;

internal static class RedisStoreExtensions
{
    public static void AddRedisStore(this IHostApplicationBuilder builder)
    {
        var services = builder.Services;
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<RedisStore>();
        services.AddHealthChecks().AddCheck<RedisStore>("store", tags: ["ready"]);
    }
}
