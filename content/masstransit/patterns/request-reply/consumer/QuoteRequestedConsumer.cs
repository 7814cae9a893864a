using Acme._1.Contracts;
using Acme._1.Messaging;
using MassTransit;

namespace Acme._1.Consumer;

/// <summary>Takes requests of either version from the queue to the <see cref="QuoteDesk"/>, and its answer to whoever asked.</summary>
internal sealed class QuoteRequestedConsumer(QuoteDesk desk, FailureSimulation simulation, TimeProvider clock)
    : IConsumer<Contracts.V2.QuoteRequested>, IConsumer<Contracts.V1.QuoteRequested>
{
    public Task Consume(ConsumeContext<Contracts.V2.QuoteRequested> context) => AnswerAsync(context.Message, context);

    public Task Consume(ConsumeContext<Contracts.V1.QuoteRequested> context) =>
        AnswerAsync(QuoteRequestedUpcaster.ToV2(context.Message, context.GetSentTime(clock)), context);

    private async Task AnswerAsync(Contracts.V2.QuoteRequested request, ConsumeContext context)
    {
        var attempt = context.GetAttempt();

        // First, so that no quote is kept that was not given.
        await simulation.ApplyAsync(request.Sku, attempt, context.CancellationToken);
        await context.AnswerAsync(await desk.AnswerAsync(context.GetMessageId(), request, attempt, context.CancellationToken));
    }
}
