using System.Diagnostics;
using System.Net;

namespace Acme._1.Tests;

public sealed class NobodyServesTests(ServiceFixture service)
{
    [Fact]
    public async Task A_request_that_nobody_serves_is_a_503_at_once()
    {
        await service.Hosts.WithoutConsumerAsync(async () =>
        {
            // The broker may take a moment to see that the last responder is gone; what was asked meanwhile is a timeout.
            await Eventually.TrueAsync(async () => await AskAsync() == HttpStatusCode.ServiceUnavailable, "nobody serves, and there is no 503");

            var started = Stopwatch.GetTimestamp();
            (await AskAsync()).ShouldBe(HttpStatusCode.ServiceUnavailable);
            Stopwatch.GetElapsedTime(started).ShouldBeLessThan(TimeSpan.FromSeconds(4), "it waited for an answer");
        });

        await service.WaitUntilReadyAsync();
        await Eventually.TrueAsync(async () => await AskAsync() == HttpStatusCode.OK, "a responder is there again, and does not answer");
    }

    private async Task<HttpStatusCode> AskAsync()
    {
        using var response = await service.Producer.SendQuoteRequestAsync("coffee");
        return response.StatusCode;
    }
}
