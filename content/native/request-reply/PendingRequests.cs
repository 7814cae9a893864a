using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Acme._1.Messaging;

/// <summary>The requests of this process that wait for their answers. Many share one reply address; the correlation id tells them apart.</summary>
public sealed partial class PendingRequests(ILogger<PendingRequests> logger)
{
    private readonly ConcurrentDictionary<string, TaskCompletionSource<Envelope>> _pending = new();

    /// <summary>Brings an answer to whoever waits for it. One that comes too late is dropped.</summary>
    public void Complete(IReadOnlyDictionary<string, string> headers, ReadOnlyMemory<byte> body)
    {
        // The body belongs to the client library, and only for now.
        if (!EnvelopeHeaders.TryRead(headers, body.ToArray(), out var reply, out var problem))
        {
            LogUnreadable(problem);
        }
        else if (reply.CorrelationId is null || !_pending.TryGetValue(reply.CorrelationId, out var pending))
        {
            LogLate(reply.Type, reply.CorrelationId);
        }
        else
        {
            pending.TrySetResult(reply);
        }
    }

    internal Pending Add()
    {
        var pending = new Pending(this);
        _pending[pending.CorrelationId] = pending.Completion;
        return pending;
    }

    /// <summary>One wait for an answer. Whatever ends it, nothing of it stays behind.</summary>
    internal sealed class Pending(PendingRequests requests) : IDisposable
    {
        public string CorrelationId { get; } = Guid.CreateVersion7().ToString("N");

        public TaskCompletionSource<Envelope> Completion { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Dispose() => requests._pending.TryRemove(CorrelationId, out _);
    }

    [LoggerMessage(LogLevel.Warning, "An answer could not be read: {Problem}")]
    private partial void LogUnreadable(string problem);

    [LoggerMessage(LogLevel.Debug, "The answer {Type} to {CorrelationId} came too late, and is dropped")]
    private partial void LogLate(string type, string? correlationId);
}
