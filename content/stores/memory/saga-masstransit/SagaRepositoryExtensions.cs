using Acme._1.Contracts;
using MassTransit;

namespace Acme._1.Consumer;

internal static class SagaRepositoryExtensions
{
    /// <summary>Keeps the sagas in memory, one message at a time for each.</summary>
    public static ISagaRegistrationConfigurator<OrderState> InStore(this ISagaRegistrationConfigurator<OrderState> saga) => saga.InMemoryRepository();

    /// <summary>There is nothing to add for it in memory.</summary>
    public static void AddSagaOutbox(this IBusRegistrationConfigurator _)
    {
    }

    /// <summary>What the saga publishes leaves when it is done with its message. If it fails, nothing leaves.</summary>
    public static void UseSagaOutbox(this IReceiveEndpointConfigurator endpoint, Destination _, IRegistrationContext context) =>
        endpoint.UseInMemoryOutbox(context);
}
