using MassTransit;

namespace Acme._1.Consumer;

/// <summary>A step of the saga: the state in which it waits, for how long, and what it asks for.</summary>
internal sealed record OrderStep<TCommand>(State State, TimeSpan Patience, Func<OrderState, TCommand> Command, TimeProvider Clock)
    where TCommand : class;

internal static class OrderSteps
{
    /// <summary>
    /// Takes the step: another token, a deadline and a command. MassTransit would keep the deadline in a scheduler, which RabbitMQ has
    /// as a plugin only; here it is in the saga itself, and <see cref="StepTimeouts"/> looks for it.
    /// </summary>
    public static EventActivityBinder<OrderState, TMessage> Take<TMessage, TCommand>(
        this EventActivityBinder<OrderState, TMessage> when, OrderStep<TCommand> step, Func<TMessage, string>? reason = null)
        where TMessage : class
        where TCommand : class =>
        when.Then(context =>
            {
                var now = step.Clock.GetUtcNow();
                context.Saga.Token++;
                context.Saga.Enter(step.State.Name, reason?.Invoke(context.Message), now);
                context.Saga.DueAt = now + step.Patience;
            })
            .Publish(context => step.Command(context.Saga))
            .TransitionTo(step.State);
}
