using Acme._1.Contracts;
using Acme._1.Messaging.Nats;
using Microsoft.Extensions.DependencyInjection;

namespace Acme._1.Messaging;

internal static class NatsRequests
{
    public static void AddRequestTransport(this IServiceCollection services)
    {
        if (services.Any(service => service.ServiceType == typeof(IRequestTransport)))
        {
            return;
        }

        // Looked up when all is registered.
        services.AddSingleton(_ => new NatsRequestQueues(QueuesOfRequests(services)));
        services.AddSingleton<INatsDirectQueues>(provider => provider.GetRequiredService<NatsRequestQueues>());
        services.AddSingleton<IRequestTransport, NatsRequestTransport>();
        services.AddSingleton<NatsRequestReceiver>();
        services.AddHostedService(provider => provider.GetRequiredService<NatsRequestReceiver>());
        services.AddHealthChecks().AddCheck<NatsRequestReceiver>("requests", tags: ["ready"]);
    }

    private static HashSet<string> QueuesOfRequests(IServiceCollection services) =>
    [
        .. from service in services
           from contract in service.ServiceType.GetInterfaces().Append(service.ServiceType)
           where contract.IsConstructedGenericType
           let definition = contract.GetGenericTypeDefinition()
           where definition == typeof(IRequestClient<,>) || definition == typeof(IRequestHandler<,>)
           select MessageTypes.Of(contract.GetGenericArguments()[0]).Destination.Name,
    ];
}
