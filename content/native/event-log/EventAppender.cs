using System.Diagnostics;
using Acme._1.Messaging;
using Microsoft.Extensions.Options;

namespace Acme._1.EventStore;

/// <summary>What is the same for every broker's log: to append is to send, with the same limits, traces and metrics.</summary>
internal sealed class EventAppender(MessagingTelemetry telemetry, IOptions<MessagingOptions> options, TimeProvider clock)
{
    /// <param name="stream">The stream.</param>
    /// <param name="newEvent">The event.</param>
    /// <param name="append">Appends this message.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="MessageTooLargeException">The event exceeds <see cref="MessagingOptions.MaxMessageBytes"/>.</exception>
    /// <exception cref="BrokerUnavailableException">It was not appended within <see cref="MessagingOptions.PublishTimeout"/>, as far as we know.</exception>
    public async Task AppendAsync(string stream, NewEvent newEvent, Func<Envelope, CancellationToken, Task> append, CancellationToken cancellationToken)
    {
        var (type, data) = EventSerializer.Write(newEvent.Data);
        if (data.Length > options.Value.MaxMessageBytes)
        {
            throw new MessageTooLargeException(data.Length, options.Value.MaxMessageBytes);
        }

        using var activity = telemetry.StartSend(EventMessage.Log.Name, newEvent.EventId, data.Length, parent: default);
        var envelope = new Envelope(newEvent.EventId, type, clock.GetUtcNow(), data) { Subject = stream, TraceParent = Activity.Current?.Id };
        var started = Stopwatch.GetTimestamp();
        Exception? failure = null;

        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(options.Value.PublishTimeout);
        try
        {
            await append(envelope, timeout.Token);
        }
        catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested)
        {
            failure = new BrokerUnavailableException($"The broker did not confirm within {options.Value.PublishTimeout}.", exception);
            throw failure;
        }
        catch (Exception exception)
        {
            failure = exception;
            throw;
        }
        finally
        {
            telemetry.Sent(activity, EventMessage.Log.Name, Stopwatch.GetElapsedTime(started), failure);
        }
    }
}
