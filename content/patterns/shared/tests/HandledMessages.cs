using System.Diagnostics;

namespace Acme._1.Tests;

internal static class HandledMessages
{
    /// <summary>
    /// The attempts to handle a message so far, as its traces show them: one "process" span each, in order of time.
    /// Of one queue, or of all.
    /// </summary>
    public static IReadOnlyList<Activity> AttemptsOf(this ServiceFixture service, string messageId, string? queue = null) =>
    [
        .. service.Spans
            .Where(span => span.Kind == ActivityKind.Consumer
                && (span.GetTagItem("messaging.operation.type") ?? span.GetTagItem("messaging.operation")) is "process"
                && span.GetTagItem("messaging.message.id") is string id && id == messageId
                && (queue is null || span.GetTagItem("messaging.destination.name") is string name && name == queue))
            .OrderBy(span => span.StartTimeUtc),
    ];

    /// <summary>Waits until a message was handed to the service this often, and returns all attempts there were.</summary>
    public static async Task<IReadOnlyList<Activity>> WaitForAttemptsAsync(
        this ServiceFixture service, string messageId, int count, TimeSpan? timeout = null, string? queue = null)
    {
        await Eventually.TrueAsync(
            () => Task.FromResult(service.AttemptsOf(messageId, queue).Count >= count),
            () => Task.FromResult($"{messageId} was handled {service.AttemptsOf(messageId, queue).Count} times, not {count}"),
            timeout);
        return service.AttemptsOf(messageId, queue);
    }
}
