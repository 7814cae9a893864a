using System.Net;
using System.Net.Http.Headers;
using System.Text;

namespace Acme._1.Tests;

/// <summary>The HTTP surface: what it refuses, and how it says so.</summary>
public sealed class HttpTests(ServiceFixture service)
{
    [Theory]
    [InlineData("""{"quantity":1}""", "sku")]
    [InlineData("""{"sku":"","quantity":1}""", "sku")]
    [InlineData("""{"sku":"coffee","quantity":0}""", "quantity")]
    [InlineData("""{"sku":"coffee"}""", "quantity")]
    [InlineData("""{"sku":"coffee","quantity":"many"}""", "quantity")]
    [InlineData("""{"sku":"cof\u0000fee","quantity":1}""", "U+0000")]
    [InlineData("""{"orderId":"\u0000","sku":"coffee","quantity":1}""", "U+0000")]
    [InlineData("""{"sku":"coffee",""", "")]
    [InlineData("", "")]
    public async Task An_invalid_body_is_a_400_that_says_what_is_wrong(string body, string mentions)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var response = await service.Producer.PostAsync("/orders", content, TestContext.Current.CancellationToken);

        await ShouldBeProblemAsync(response, HttpStatusCode.BadRequest, mentions);
    }

    [Fact]
    public async Task An_order_over_the_limit_is_a_413()
    {
        using var response = await service.Producer.PostOrderAsync(new { sku = new string('x', 2 * 1024 * 1024), quantity = 1 });

        await ShouldBeProblemAsync(response, HttpStatusCode.RequestEntityTooLarge, "limit");
    }

    [Fact]
    public async Task The_idempotency_key_becomes_the_message_id()
    {
        var key = $"any-text:{Guid.NewGuid()}";
        var placed = await service.Producer.PlaceOrderAsync("permanent", idempotencyKey: key);

        placed.MessageId.ShouldBe(key);
        (await service.Consumer.WaitForDeadLetterAsync(key)).MessageId.ShouldBe(key);
    }

    [Fact]
    public async Task A_request_repeated_with_its_idempotency_key_has_one_effect()
    {
        var key = $"repeated-{Guid.NewGuid()}";
        var orderId = Guid.CreateVersion7().ToString();

        var first = await service.Producer.PlaceOrderAsync("coffee", orderId, key);
        var second = await service.Producer.PlaceOrderAsync("coffee", orderId, key);

        second.ShouldBe(first);
        await service.Consumer.WaitForOrderAsync(orderId);

        // Nothing is left in the queue, so the second has come too, unless the broker itself knew it.
        await service.WaitUntilIdleAsync();
        (await service.Consumer.GetEffectsAsync(orderId)).Values.ShouldAllBe(effects => effects.Done == 1);
    }

    [Fact]
    public async Task An_unusable_idempotency_key_is_a_400()
    {
        using var response = await service.Producer.PostOrderAsync(new { sku = "coffee", quantity = 1 }, new string('k', 201));

        await ShouldBeProblemAsync(response, HttpStatusCode.BadRequest, "");
    }

    [Fact]
    public async Task An_order_that_nobody_placed_is_a_404()
    {
        using var response = await service.Consumer.GetAsync("/orders/nobody-placed-this", TestContext.Current.CancellationToken);

        await ShouldBeProblemAsync(response, HttpStatusCode.NotFound, "nobody-placed-this");
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
