using System.Collections.Concurrent;
using MassTransit;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Acme._1.Messaging.Kafka;

/// <summary>
/// Fails when nobody reads from a topic any more, although the broker answers and no message is being handled. Before the rider
/// connects anew it closes its consumers; the client leaves the group at once if a rebalance is under way, and then never answers
/// the commit that the rider waits for. MassTransit does not notice, and calls the endpoint ready. It is rare, and only a new
/// process helps.
/// </summary>
/// <param name="findProblem">Why the broker cannot be reached, or null.</param>
/// <param name="clock">The time.</param>
internal sealed class RiderLivenessCheck(Func<string?> findProblem, TimeProvider clock) : IHealthCheck, IFilter<ReceiveContext>
{
    /// <summary>MassTransit pauses for up to 30 s between its attempts; after that, the client has time for more than one report.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>The client reports in this interval, to whoever reads from it.</summary>
    public static readonly TimeSpan ReportInterval = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<string, long> _lastReads = [];
    private int _messages;

    /// <summary>A consumer of the topic asked its client for messages just now.</summary>
    public void NoteRead(string topic) => _lastReads[topic] = clock.GetTimestamp();

    /// <summary>Around all that is done with a message: meanwhile its consumer reads nothing.</summary>
    public async Task Send(ReceiveContext context, IPipe<ReceiveContext> next)
    {
        Interlocked.Increment(ref _messages);
        try
        {
            await next.Send(context);
        }
        finally
        {
            Interlocked.Decrement(ref _messages);
        }
    }

    public void Probe(ProbeContext context) => context.CreateFilterScope("liveness");

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        if (findProblem() is not null || Volatile.Read(ref _messages) > 0)
        {
            // From here on it has its time.
            foreach (var topic in _lastReads.Keys)
            {
                NoteRead(topic);
            }
        }

        var abandoned = _lastReads.Where(read => clock.GetElapsedTime(read.Value) > Patience).Select(read => read.Key).ToList();
        return Task.FromResult(abandoned.Count == 0
            ? HealthCheckResult.Healthy()
            : HealthCheckResult.Unhealthy($"Nobody reads from {string.Join(", ", abandoned)} any more"));
    }
}
