using Acme._1.Contracts;
using Acme._1.Messaging;
using MassTransit;

namespace Acme._1.Consumer;

internal sealed class CountOrderConsumer(OrderAnalytics analytics, TimeProvider clock)
    : IConsumer<Contracts.V2.OrderPlaced>, IConsumer<Contracts.V1.OrderPlaced>
{
    public Task Consume(ConsumeContext<Contracts.V2.OrderPlaced> context) =>
        analytics.CountAsync(context.Message, context.GetAttempt(), context.CancellationToken);

    public Task Consume(ConsumeContext<Contracts.V1.OrderPlaced> context) =>
        analytics.CountAsync(
            OrderPlacedUpcaster.ToV2(context.Message, context.GetSentTime(clock)), context.GetAttempt(), context.CancellationToken);
}
