using Acme._1.Messaging.InMemory;
using MassTransit;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Acme._1.Messaging;

internal static class InMemoryRequests
{
    /// <summary>Answers come to the endpoint that MassTransit gives each bus; it discards what comes too late.</summary>
    public static void UseRequestTransport(this IBusRegistrationConfigurator bus) => bus.TryAddSingleton<IResponders, InMemoryResponders>();
}
