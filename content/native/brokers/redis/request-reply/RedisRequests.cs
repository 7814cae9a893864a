using Acme._1.Messaging.Redis;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Acme._1.Messaging;

internal static class RedisRequests
{
    public static void AddRequestTransport(this IServiceCollection services)
    {
        if (services.Any(service => service.ServiceType == typeof(IRequestTransport)))
        {
            return;
        }

        services.AddSingleton<IRequestTransport, RedisRequestTransport>();
        services.AddSingleton<RedisResponder>();

        // After the receiver, so that it stops before: requesters learn that we go while we still answer what we have.
        services.AddHostedService(provider => provider.GetRequiredService<RedisResponder>());
        services.AddHealthChecks().AddCheck<RedisResponder>("responder", tags: ["ready"]);
    }
}
