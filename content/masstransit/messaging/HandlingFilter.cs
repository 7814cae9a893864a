using MassTransit;
using MassTransit.Context;

namespace Acme._1.Messaging;

/// <summary>Around every consumer: counts what is being handled, and tells failures as the <see cref="FailurePolicy"/> wants to know them.</summary>
internal sealed class HandlingFilter<T>(MessagesInFlight inFlight) : IFilter<ConsumeContext<T>>
    where T : class
{
    public async Task Send(ConsumeContext<T> context, IPipe<ConsumeContext<T>> next)
    {
        var messageId = context.GetMessageId();
        MessagingTelemetry.Handling(messageId);
        inFlight.Begin();
        try
        {
            await next.Send(new HandledMessage(context, MessageIds.ToGuid(messageId)));
        }
        catch (Exception exception) when (IsCancellation(exception) && !context.ReceiveContext.CancellationToken.IsCancellationRequested)
        {
            // A cancellation that comes out of here means to MassTransit that the process goes down, and it hands the message
            // back at once, over and over. This one is a failure like any other: the consumer, or a call it made, took too
            // long. No inner exception, because MassTransit looks at the innermost.
            throw new TimeoutException($"The consumer was cancelled after {context.ReceiveContext.ElapsedTime}: {exception.Message}");
        }
        finally
        {
            inFlight.End();
        }
    }

    public void Probe(ProbeContext context) => context.CreateFilterScope("handling");

    private static bool IsCancellation(Exception exception) =>
        exception is OperationCanceledException || exception.GetBaseException() is OperationCanceledException;

    private sealed class HandledMessage(ConsumeContext<T> context, Guid messageId) : ConsumeContextProxy<T>(context)
    {
        /// <summary>The Guid of the id that its sender chose. MassTransit's own inbox goes by it.</summary>
        public override Guid? MessageId => messageId;

        /// <summary>
        /// MassTransit sends a fault to whoever waits for a response at each failed attempt. To us a failed attempt is not the
        /// end: only what no retry can mend is worth telling.
        /// </summary>
        public override Task NotifyFaulted<TMessage>(
            ConsumeContext<TMessage> context, TimeSpan duration, string consumerType, Exception exception) =>
            TryGetPayload<FailurePolicy>(out var policy) && !policy.IsPermanent(exception)
                ? ReceiveContext.NotifyFaulted(context, duration, consumerType, exception)
                : base.NotifyFaulted(context, duration, consumerType, exception);
    }
}
