using System.Data;
using Acme._1.Consumer.Stores;
using Acme._1.Contracts;
using MassTransit;

namespace Acme._1.Consumer;

internal static class SagaRepositoryExtensions
{
    /// <summary>As long as our own inbox: longer than any broker or client repeats itself. MassTransit's default is half an hour.</summary>
    private static readonly TimeSpan Retention = TimeSpan.FromDays(7);

    /// <summary>Keeps the sagas in PostgreSQL. A row lock lets one message at a time work on a saga.</summary>
    public static ISagaRegistrationConfigurator<OrderState> InStore(this ISagaRegistrationConfigurator<OrderState> saga) =>
        saga.EntityFrameworkRepository(repository =>
        {
            repository.ConcurrencyMode = ConcurrencyMode.Pessimistic;
            repository.IsolationLevel = IsolationLevel.ReadCommitted;
            repository.ExistingDbContext<SagaDbContext>();
            repository.UsePostgres();
        });

    /// <summary>Adds MassTransit's inbox and outbox, in the transaction of the saga.</summary>
    public static void AddSagaOutbox(this IBusRegistrationConfigurator bus) =>
        bus.AddEntityFrameworkOutbox<SagaDbContext>(outbox =>
        {
            outbox.DuplicateDetectionWindow = Retention;
            outbox.IsolationLevel = IsolationLevel.ReadCommitted;
            outbox.QueryDelay = TimeSpan.FromMinutes(1);
            outbox.UsePostgres();
        });

    /// <summary>Each message id once; what the saga publishes leaves after the commit, and if the process dies before that, when the message comes again.</summary>
    public static void UseSagaOutbox(this IReceiveEndpointConfigurator endpoint, Destination queue, IRegistrationContext context)
    {
        endpoint.UseConsumeFilter(typeof(WaitForDatabaseFilter<>), context);
        endpoint.ConnectSagaConfigurationObserver(new SagaOutbox(queue.Name, context));
    }
}
