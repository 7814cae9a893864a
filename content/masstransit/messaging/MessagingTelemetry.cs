using System.Diagnostics;
using System.Diagnostics.Metrics;
using MassTransit;
using Microsoft.Extensions.Hosting;

namespace Acme._1.Messaging;

/// <summary>
/// MassTransit reports traces and metrics itself. This adds what it leaves out, under MassTransit's name, so that
/// whoever exports the one has the other: two counters, because retries and dead letters are decided here, and the
/// attributes of OpenTelemetry's semantic conventions for messaging that it spells in its own way
/// (https://opentelemetry.io/docs/specs/semconv/messaging/).
/// </summary>
public sealed class MessagingTelemetry : IHostedService, IDisposable
{
    /// <summary>The name of the activity source and of the meter.</summary>
    public const string Name = "MassTransit";

    private const string MessageId = "messaging.message.id";

    private readonly Counter<long> _retried;
    private readonly Counter<long> _deadLettered;
    private readonly ActivityListener _listener = new() { ShouldListenTo = source => source.Name == Name, ActivityStarted = Describe };

    public MessagingTelemetry(IMeterFactory meters)
    {
        var meter = meters.Create(Name);
        _retried = meter.CreateCounter<long>("messaging.retried.messages", "{message}", "Messages that failed and come again.");
        _deadLettered = meter.CreateCounter<long>("messaging.dead_lettered.messages", "{message}", "Messages that failed for good.");
    }

    public Task StartAsync(CancellationToken cancellationToken)
    {
        ActivitySource.AddActivityListener(_listener);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose() => _listener.Dispose();

    internal void Retried(ReceiveContext message) => _retried.Add(1, Destination(message));

    internal void DeadLettered(ReceiveContext message) => _deadLettered.Add(1, Destination(message));

    /// <summary>Tells the span of the delivery which message this is.</summary>
    internal static void Handling(string messageId) => Activity.Current?.SetTag(MessageId, messageId);

    private static void Describe(Activity activity)
    {
        switch (activity.GetTagItem("messaging.operation"))
        {
            case "send":
                activity.SetTag("messaging.operation.type", "send");
                activity.SetTag(MessageId, activity.GetTagItem("messaging.masstransit.message_id"));
                break;

            // One for each delivery. The conventions keep "receive" for those who fetch; who is handed messages processes them.
            case "receive":
                activity.SetTag("messaging.operation.type", "process");
                activity.SetTag("messaging.system", Broker.TelemetryName);
                break;
        }
    }

    private static KeyValuePair<string, object?> Destination(ReceiveContext message) =>
        new("messaging.destination.name", message.GetQueueName());
}
