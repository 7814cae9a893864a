using System.Net;
using System.Net.Http.Headers;

namespace Acme._1.Tests;

/// <summary>The HTTP surface: what it refuses, and how it says so.</summary>
public sealed class HttpTests(ServiceFixture service)
{
    [Theory]
    [InlineData("/quotes/coffee")]
    [InlineData("/quotes/coffee?quantity=many")]
    [InlineData("/quotes/coffee?quantity=99999999999")]
    public async Task A_request_without_a_usable_quantity_is_a_400_that_says_so(string path)
    {
        using var response = await service.Producer.GetAsync(path, TestContext.Current.CancellationToken);

        await ShouldBeProblemAsync(response, HttpStatusCode.BadRequest, "quantity");
    }

    [Fact]
    public async Task The_idempotency_key_becomes_the_message_id()
    {
        var key = $"any-text:{Guid.NewGuid()}";
        await service.Producer.FailToGetQuoteAsync("permanent", key);

        (await service.Consumer.WaitForDeadLetterAsync(key)).MessageId.ShouldBe(key);
    }

    [Fact]
    public async Task A_request_repeated_with_its_idempotency_key_gets_the_same_quote()
    {
        var key = $"repeated-{Guid.NewGuid()}";

        var first = await service.Producer.GetQuoteAsync("coffee", idempotencyKey: key);
        var second = await service.Producer.GetQuoteAsync("coffee", idempotencyKey: key);

        second.ShouldBe(first);
    }

    [Fact]
    public async Task An_unusable_idempotency_key_is_a_400()
    {
        using var response = await service.Producer.SendQuoteRequestAsync("coffee", idempotencyKey: new string('k', 201));

        await ShouldBeProblemAsync(response, HttpStatusCode.BadRequest, "");
    }

    [Fact]
    public async Task A_quote_that_was_not_given_is_a_404()
    {
        using var response = await service.Consumer.GetAsync("/issued-quotes/nobody-asked-this", TestContext.Current.CancellationToken);

        await ShouldBeProblemAsync(response, HttpStatusCode.NotFound, "nobody-asked-this");
    }

    [Theory]
    [InlineData("/health/live")]
    [InlineData("/health/ready")]
    public async Task Both_sides_report_their_health(string path)
    {
        (await service.Producer.GetAsync(path, TestContext.Current.CancellationToken)).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await service.Consumer.GetAsync(path, TestContext.Current.CancellationToken)).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    private static async Task ShouldBeProblemAsync(HttpResponseMessage response, HttpStatusCode status, string mentions)
    {
        var body = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        response.StatusCode.ShouldBe(status, body);
        response.Content.Headers.ContentType.ShouldBe(new MediaTypeHeaderValue("application/problem+json"), body);
        body.ShouldContain(mentions, Case.Insensitive);
    }
}
