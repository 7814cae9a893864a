using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Acme._1.Messaging;

/// <summary>
/// Traces and metrics in the words of OpenTelemetry's semantic conventions for messaging
/// (https://opentelemetry.io/docs/specs/semconv/messaging/). The two counters that the conventions do not have are
/// <c>messaging.retried.messages</c> and <c>messaging.dead_lettered.messages</c>.
/// </summary>
public sealed class MessagingTelemetry : IDisposable
{
    /// <summary>The name of the activity source and of the meter.</summary>
    public const string Name = "Acme._1.Messaging";

    private readonly ActivitySource _source = new(Name);
    private readonly string _system;
    private readonly Counter<long> _sent;
    private readonly Counter<long> _consumed;
    private readonly Counter<long> _retried;
    private readonly Counter<long> _deadLettered;
    private readonly Histogram<double> _sendDuration;
    private readonly Histogram<double> _processDuration;

    public MessagingTelemetry(ITransport transport, IMeterFactory meters)
    {
        _system = transport.System;
        var meter = meters.Create(Name);
        _sent = meter.CreateCounter<long>("messaging.client.sent.messages", "{message}", "Messages the broker was asked to keep.");
        _consumed = meter.CreateCounter<long>("messaging.client.consumed.messages", "{message}", "Messages handed to a handler.");
        _retried = meter.CreateCounter<long>("messaging.retried.messages", "{message}", "Messages that failed and come again.");
        _deadLettered = meter.CreateCounter<long>("messaging.dead_lettered.messages", "{message}", "Messages that failed for good.");
        _sendDuration = meter.CreateHistogram<double>("messaging.client.operation.duration", "s", "Time until the broker confirmed.");
        _processDuration = meter.CreateHistogram<double>("messaging.process.duration", "s", "Time to handle a message.");
    }

    internal Activity? StartSend(string destination, string messageId, int size, ActivityContext parent)
    {
        if (!_source.HasListeners())
        {
            return null;
        }

        var activity = _source.StartActivity($"send {destination}", ActivityKind.Producer, parent);
        Describe(activity, "send", destination, messageId, size);
        return activity;
    }

    internal Activity? StartProcess(IDelivery delivery)
    {
        if (!_source.HasListeners())
        {
            return null;
        }

        // The remote parent makes one trace of the request that sent the message and all that came of it.
        ActivityContext.TryParse(delivery.Headers.GetValueOrDefault(HeaderNames.TraceParent), traceState: null, isRemote: true, out var parent);
        var activity = _source.StartActivity($"process {delivery.Queue}", ActivityKind.Consumer, parent);
        Describe(activity, "process", delivery.Queue, delivery.Headers.GetValueOrDefault(HeaderNames.Id), delivery.Body.Length);
        return activity;
    }

    internal void Sent(Activity? activity, string destination, TimeSpan duration, Exception? failure)
    {
        if (failure is not null)
        {
            Failed(activity, failure);
        }

        var tags = Tags("send", destination, failure);
        _sent.Add(1, tags);
        _sendDuration.Record(duration.TotalSeconds, tags);
    }

    internal void Processed(IDelivery delivery, TimeSpan duration, Exception? failure)
    {
        var tags = Tags("process", delivery.Queue, failure);
        _consumed.Add(1, tags);
        _processDuration.Record(duration.TotalSeconds, tags);
    }

    internal void Retried(IDelivery delivery) => _retried.Add(1, Tags("process", delivery.Queue, failure: null));

    internal void DeadLettered(IDelivery delivery) => _deadLettered.Add(1, Tags("process", delivery.Queue, failure: null));

    internal static void Failed(Activity? activity, Exception failure)
    {
        activity?.SetTag("error.type", failure.GetType().FullName);
        activity?.SetStatus(ActivityStatusCode.Error, failure.Message);
    }

    public void Dispose() => _source.Dispose();

    private void Describe(Activity? activity, string operation, string destination, string? messageId, int size) => activity?
        .SetTag("messaging.system", _system)
        .SetTag("messaging.operation.name", operation)
        .SetTag("messaging.operation.type", operation)
        .SetTag("messaging.destination.name", destination)
        .SetTag("messaging.message.id", messageId)
        .SetTag("messaging.message.body.size", size);

    private TagList Tags(string operation, string destination, Exception? failure)
    {
        var tags = new TagList
        {
            { "messaging.system", _system },
            { "messaging.operation.name", operation },
            { "messaging.destination.name", destination },
        };
        if (failure is not null)
        {
            tags.Add("error.type", failure.GetType().FullName);
        }

        return tags;
    }
}
