using MassTransit;

namespace Acme._1.Messaging.Kafka;

/// <summary>Copies what failed for good to the dead-letter topic, where the rider would discard it.</summary>
internal sealed class KafkaErrorFilter(KafkaCopies copies) : IFilter<ExceptionReceiveContext>
{
    public async Task Send(ExceptionReceiveContext context, IPipe<ExceptionReceiveContext> next)
    {
        var headers = context.ExceptionHeaders.GetAll().ToDictionary(header => header.Key, header => header.Value.ToString() ?? string.Empty);
        var failures = FailureHistory.Read(headers) ?? throw new InvalidOperationException("The failure policy comes before this filter.");
        if (context.Exception is ProcessDiedException died)
        {
            // The policy counts this time, when it was not handled, and does not know of the others.
            failures = failures with { Attempts = failures.Attempts - 1 + died.Deaths };
        }

        await copies.DeadLetterAsync(context.GetQueueName(), context.ToRecord(), failures, context.CancellationToken);
        await next.Send(context);
    }

    public void Probe(ProbeContext context) => context.CreateFilterScope("deadLetterTopic");
}
