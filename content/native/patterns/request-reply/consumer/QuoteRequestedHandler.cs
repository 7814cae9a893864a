using Acme._1.Contracts.V1;
using Acme._1.Messaging;
using QuoteRequested = Acme._1.Contracts.V2.QuoteRequested;

namespace Acme._1.Consumer;

internal sealed class QuoteRequestedHandler(QuoteDesk desk, FailureSimulation simulation) : IRequestHandler<QuoteRequested, QuoteReply>
{
    public async Task<QuoteReply> HandleAsync(QuoteRequested message, MessageContext context, CancellationToken cancellationToken)
    {
        // First, so that no quote is kept that was not given.
        await simulation.ApplyAsync(message.Sku, context.Attempt, cancellationToken);
        return await desk.AnswerAsync(context.MessageId, message, context.Attempt, cancellationToken);
    }
}
