using Acme._1.Contracts;
using Acme._1.Messaging;
using MassTransit;

namespace Acme._1.Consumer;

internal sealed class BalanceConsumer(BalanceProjection projection, FailureSimulation simulation, TimeProvider clock)
    : IConsumer<Contracts.V2.AccountDeposited>,
        IConsumer<Contracts.V2.AccountWithdrawn>,
        IConsumer<Contracts.V1.AccountDeposited>,
        IConsumer<Contracts.V1.AccountWithdrawn>
{
    public Task Consume(ConsumeContext<Contracts.V2.AccountDeposited> context) => ApplyAsync(BalanceChange.Of(context.Message), context);

    public Task Consume(ConsumeContext<Contracts.V2.AccountWithdrawn> context) => ApplyAsync(BalanceChange.Of(context.Message), context);

    public Task Consume(ConsumeContext<Contracts.V1.AccountDeposited> context) =>
        ApplyAsync(BalanceChange.Of(EventUpcaster.ToV2(context.Message, context.GetSentTime(clock))), context);

    public Task Consume(ConsumeContext<Contracts.V1.AccountWithdrawn> context) =>
        ApplyAsync(BalanceChange.Of(EventUpcaster.ToV2(context.Message, context.GetSentTime(clock))), context);

    private async Task ApplyAsync(BalanceChange change, ConsumeContext context)
    {
        await projection.ApplyAsync(change, context.CancellationToken);

        // Last, so that what a failure must undo is already done.
        await simulation.ApplyToAccountAsync(change.AccountId, context.GetAttempt(), context.CancellationToken);
    }
}
