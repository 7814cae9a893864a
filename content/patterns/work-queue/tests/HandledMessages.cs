using System.Diagnostics;

namespace Acme._1.Tests;

internal static class HandledMessages
{
    /// <summary>
    /// The attempts to handle a message so far, as its traces show them: one "process" span each, in order of time.
    /// </summary>
    public static IReadOnlyList<Activity> AttemptsOf(this ServiceFixture service, string messageId) =>
    [
        .. service.Spans
            .Where(span => span.Kind == ActivityKind.Consumer
                && (span.GetTagItem("messaging.operation.type") ?? span.GetTagItem("messaging.operation")) is "process"
                && span.GetTagItem("messaging.message.id") is string id && id == messageId)
            .OrderBy(span => span.StartTimeUtc),
    ];

    /// <summary>Waits until a message was handed to the service this often, and returns all attempts there were.</summary>
    public static async Task<IReadOnlyList<Activity>> WaitForAttemptsAsync(
        this ServiceFixture service, string messageId, int count, TimeSpan? timeout = null)
    {
        await Eventually.TrueAsync(
            () => Task.FromResult(service.AttemptsOf(messageId).Count >= count),
            () => Task.FromResult($"{messageId} was handled {service.AttemptsOf(messageId).Count} times, not {count}"),
            timeout);
        return service.AttemptsOf(messageId);
    }
}
