using System.Diagnostics;
using System.Net.Http.Json;

namespace Acme._1.Tests;

public sealed class TelemetryTests(ServiceFixture service)
{
    [Fact]
    public async Task C14_a_request_and_all_that_came_of_it_are_one_trace()
    {
        var traceId = ActivityTraceId.CreateRandom();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/orders")
        {
            Content = JsonContent.Create(new { sku = "coffee", quantity = 1 }),
            Headers = { { "traceparent", $"00-{traceId}-{ActivitySpanId.CreateRandom()}-01" } },
        };
        using var response = await service.Producer.SendAsync(request, TestContext.Current.CancellationToken);
        response.EnsureSuccessStatusCode();

        Activity[] Spans(ActivityKind kind) =>
            [.. service.Spans.Where(span => span.TraceId == traceId && span.Kind == kind && span.GetTagItem("messaging.system") is not null)];
        await Eventually.TrueAsync(
            () => Task.FromResult(Spans(ActivityKind.Producer).Length > 0 && Spans(ActivityKind.Consumer).Length > 0),
            "the trace does not have both a producer's and a consumer's span");

        // https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/
        foreach (var span in Spans(ActivityKind.Producer).Concat(Spans(ActivityKind.Consumer)))
        {
            span.GetTagItem("messaging.destination.name").ShouldNotBeNull(span.DisplayName);
            span.GetTagItem("messaging.message.id").ShouldNotBeNull(span.DisplayName);
        }
    }
}
