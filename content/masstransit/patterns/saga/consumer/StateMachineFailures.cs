using System.Runtime.ExceptionServices;
using MassTransit;

namespace Acme._1.Consumer;

/// <summary>A state machine wraps what its activities throw. The failure policy, and whoever reads a dead letter, want the exception itself.</summary>
internal sealed class StateMachineFailures<T> : IFilter<ConsumeContext<T>>
    where T : class
{
    public async Task Send(ConsumeContext<T> context, IPipe<ConsumeContext<T>> next)
    {
        try
        {
            await next.Send(context);
        }
        catch (EventExecutionException exception)
        {
            // Once for each activity that it went through.
            Exception thrown = exception;
            while (thrown is EventExecutionException { InnerException: { } inner })
            {
                thrown = inner;
            }

            ExceptionDispatchInfo.Throw(thrown);
        }
    }

    public void Probe(ProbeContext context) => context.CreateFilterScope("stateMachineFailures");
}
