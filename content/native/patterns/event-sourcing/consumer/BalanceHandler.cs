using Acme._1.Contracts.V2;
using Acme._1.Messaging;

namespace Acme._1.Consumer;

internal sealed class BalanceHandler(BalanceProjection projection, FailureSimulation simulation)
    : IMessageHandler<AccountDeposited>, IMessageHandler<AccountWithdrawn>
{
    public Task HandleAsync(AccountDeposited message, MessageContext context, CancellationToken cancellationToken) =>
        ApplyAsync(BalanceChange.Of(message), context, cancellationToken);

    public Task HandleAsync(AccountWithdrawn message, MessageContext context, CancellationToken cancellationToken) =>
        ApplyAsync(BalanceChange.Of(message), context, cancellationToken);

    private async Task ApplyAsync(BalanceChange change, MessageContext context, CancellationToken cancellationToken)
    {
        await projection.ApplyAsync(change, cancellationToken);

        // Last, so that what a failure must undo is already done.
        await simulation.ApplyToAccountAsync(change.AccountId, context.Attempt, cancellationToken);
    }
}
