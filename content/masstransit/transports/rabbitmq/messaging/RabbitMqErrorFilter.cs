using MassTransit;
using MassTransit.Middleware;
using MassTransit.RabbitMqTransport;

namespace Acme._1.Messaging.RabbitMq;

/// <summary>
/// MassTransit's own move to the error queue: the same bytes, the exception in the headers, and confirmed before the
/// original is acknowledged. Before it, the headers are made to fit.
/// </summary>
internal sealed class RabbitMqErrorFilter : IFilter<ExceptionReceiveContext>
{
    private readonly IFilter<ExceptionReceiveContext> _move = new ErrorTransportFilter();

    public Task Send(ExceptionReceiveContext context, IPipe<ExceptionReceiveContext> next)
    {
        foreach (var (name, value) in context.ExceptionHeaders.GetAll().ToList())
        {
            if (value is string { Length: > HeaderFrame.MaxTextLength } text)
            {
                context.ExceptionHeaders.Set(name, HeaderFrame.Shorten(text));
            }
        }

        if (context.GetPayload<RabbitMqBasicConsumeContext>().Properties.Headers is { } headers)
        {
            HeaderFrame.Fit(headers);
        }

        return _move.Send(context, next);
    }

    public void Probe(ProbeContext context) => _move.Probe(context);
}
