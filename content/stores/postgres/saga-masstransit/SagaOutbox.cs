using MassTransit;
using MassTransit.Configuration;
using MassTransit.DependencyInjection;
using MassTransit.JobService;
using MassTransit.Middleware;

namespace Acme._1.Consumer.Stores;

/// <summary>
/// MassTransit's outbox for a saga, as <c>UseEntityFrameworkOutbox</c> adds it, but for one thing: that one keeps books by endpoint. A
/// message that crashed its process once too often is handled by another endpoint, its quarantine. If it had committed before the crash,
/// its commands are in the outbox still, and would be looked for under the wrong name and never be sent. So the books are kept by queue.
/// </summary>
internal sealed class SagaOutbox(string queue, IRegistrationContext context) : ISagaConfigurationObserver
{
    /// <summary>A step publishes one message, or two.</summary>
    private const int DeliveryLimit = 10;

    private static readonly TimeSpan DeliveryTimeout = TimeSpan.FromSeconds(10);

    public void SagaConfigured<TSaga>(ISagaConfigurator<TSaga> configurator)
        where TSaga : class, ISaga
    {
    }

    public void StateMachineSagaConfigured<TInstance>(ISagaConfigurator<TInstance> configurator, SagaStateMachine<TInstance> stateMachine)
        where TInstance : class, ISaga, SagaStateMachineInstance
    {
    }

    public void SagaMessageConfigured<TSaga, TMessage>(ISagaMessageConfigurator<TSaga, TMessage> configurator)
        where TSaga : class, ISaga
        where TMessage : class
    {
        var outbox = new OutboxConsumeFilter<SagaDbContext, TMessage>(
            new ConsumeScopeProvider(context, (ISetScopedConsumeContext)context),
            new OutboxConsumeOptions
            {
                ConsumerId = JobMetadataCache<TSaga, TMessage>.GenerateJobTypeId(queue),
                ConsumerType = typeof(TSaga).Name,
                MessageDeliveryLimit = DeliveryLimit,
                MessageDeliveryTimeout = DeliveryTimeout,
            });
        ((ISagaMessageConfigurator<TMessage>)configurator).AddPipeSpecification(new FilterPipeSpecification<ConsumeContext<TMessage>>(outbox));
    }
}
